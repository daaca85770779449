"""gRPC channel and server options, with the reason for each figure.

Default flow control lets a server push minutes of audio at a client that reads nothing, and a frozen
peer goes unnoticed for most of a minute: both ends switch the bandwidth probe off, size the HTTP/2
window for all lanes of a stream, and ping. A ping leaves after `keepalive_time_ms`; what closes a connection
whose answer does not come is `ping_timeout_ms` (default 60 s), not `keepalive_timeout_ms`.
"""

WINDOW_BYTES = 256 * 1024
MAX_MESSAGE_BYTES = 1024 * 1024

_BOTH_ENDS: list[tuple[str, int]] = [
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", WINDOW_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 5_000),
    ("grpc.keepalive_timeout_ms", 2_000),
    ("grpc.http2.ping_timeout_ms", 2_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
]

CHANNEL_OPTIONS: list[tuple[str, int]] = [
    *_BOTH_ENDS,
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.enable_retries", 0),
    # Whatever http_proxy says: replicas are in the cluster, and no proxy knows them.
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
]

SERVER_OPTIONS: list[tuple[str, int]] = [
    *_BOTH_ENDS,
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 1_000),
    # Only our own gateways connect. With strikes counted, a minute or so of the pings above ended in GOAWAY
    # too_many_pings, although the interval is allowed.
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.so_reuseport", 0),
]
