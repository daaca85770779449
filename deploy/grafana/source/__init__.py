"""The dashboards, written with Grafana's own builders; `make dashboards` writes their JSON.

A panel that is spelled wrongly does not pass the type check; what all panels share is said once.
"""
