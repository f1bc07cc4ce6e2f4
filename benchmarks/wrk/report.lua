-- The figures of a run, as one line of JSON. Times are microseconds, as wrk has them.

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format(
    '{"answers": %d, "microseconds": %d, "p50": %d, "p99": %d, "refused": %d, "wrong": %d, "broken": %d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    watched:get("refused"), watched:get("wrong"),
    errors.connect + errors.read + errors.write + errors.timeout))
end
