-- One reading a request, each with an instant of its own near the present: what is older than five minutes changes
-- history, which a fleet's readings do not.
local path, credential, body_format = os.getenv("BENCH_PATH"), os.getenv("BENCH_KEY"), os.getenv("BENCH_BODY")
local first = tonumber(os.getenv("BENCH_FIRST"))
local count = 0
local headers = { ["Authorization"] = "Bearer " .. credential, ["Content-Type"] = "application/json" }

request = function()
  count = count + 1
  local instant = first + count
  local text = body_format
  if text:find("@INSTANT", 1, true) then
    local stamp = os.date("!%Y-%m-%dT%H:%M:%S", math.floor(instant / 1000000)) .. string.format(".%06dZ", instant % 1000000)
    text = text:gsub("@INSTANT", stamp)
  else
    text = text:gsub("@NUMBER", string.format("%d", instant))
  end
  return wrk.format("POST", path, headers, text)
end
