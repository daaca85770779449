"""What people who run it do, from the outside."""

from tests.support.shared_clusters import embedded, fake

__all__ = ["embedded", "fake"]
