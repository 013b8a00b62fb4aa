// Package telemetry is how a posnet process tells the outside what it is doing: one structured log, one set of metrics,
// and the private HTTP port that serves both.
//
// # The log
//
// [NewLogging] builds a pipeline of slog handlers with slog-multi:
//
//	record ─► redact ─► fan out ─┬─► output   one JSON object a line (or text, on a terminal)
//	                             ├─► ring     the last lines in memory, served at /logs
//	                             └─► counter  posnet_log_messages_total{level}
//
// Redaction comes first, so that no sink, present or future, ever sees a secret. The JSON carries Datadog's reserved keys
// (timestamp, status, message, service, host, dd.env, dd.service, dd.version), which its agent maps without a pipeline.
// An attribute that holds an error becomes the object error{message,kind}; a request is logged with [HTTPRequest].
// Attributes that belong to everything done under a context travel in it: [WithAttrs].
//
// The pipeline knows nothing of a chain: the operator uses the same one (docs/decisions/0002-shared-logging.md), through
// [Logging.Logr] where a library wants a logr.Logger.
//
// # The metrics
//
// [NewMetrics] makes every metric of a node in a registry of its own. Names start with posnet_, units are base units
// (seconds, bytes), and no label ever carries an address, a hash, a height or anything else a peer could choose: a
// scraper's memory is not for strangers to fill. Label values come from the constants beside each metric. Packages that
// may not import this one (everything pure or durable) take a func; node wires it to a metric here.
//
// # The private port
//
// [PrivateHandler] answers /metrics, /healthz, /readyz and /logs. It is for the cluster, never for the public.
// [DebugHandler] (pprof, the log level) is served on loopback only: [ListenLoopback] refuses any other address.
package telemetry
