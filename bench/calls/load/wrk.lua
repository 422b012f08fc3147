-- Sends the method and body (in hexadecimal digits) that it is started with, and prints what it measured in a line that begins with "result".
function init(args)
  wrk.method = args[1]
  wrk.body = args[2] and args[2]:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("result %d %d %d %d %d\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
