-- Asks for the paths of a file in turn, each thread from a place of its own, and prints what came as one line of JSON.
local threads = 0

function setup(thread)
  thread:set("turn", threads)
  threads = threads + 1
end

function init(args)
  paths = {}
  for line in io.lines(args[1]) do
    paths[#paths + 1] = wrk.format("GET", line, {["Host"] = wrk.host, ["Accept"] = args[2]})
  end
  place = math.floor(turn * #paths / 2)
end

function request()
  place = place % #paths + 1
  return paths[place]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"answers": %d, "seconds": %f, "p99": %f, "failed": %d}\n', summary.requests,
    summary.duration / 1e6, latency:percentile(99) / 1e6,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
