-- Sends calls of three kinds in given shares: prepared requests of /me and logins, and refreshes, each with a token of
-- an earlier answer; no token is sent twice. With one thread (-t 1). Arguments: three files with items that end with a
-- NUL (requests of /me, requests of logins, refresh tokens); the path of the refresh; the shares of /me, logins and
-- refreshes; how long a connection waits before each call, in milliseconds.

refused, wrong = 0, 0
local calls, places, tokens, first, last, is_counting = {}, {}, {}, 1, 0, false
local shares, owed, head, pause = {}, {}, nil, 0
local ME, LOGIN, REFRESH = 1, 2, 3

function setup(thread) watched = thread end

local function read(path)
  local things = {}
  local file = assert(io.open(path, "rb"))
  for each in file:read("*a"):gmatch("%Z+") do things[#things + 1] = each end
  file:close()
  return things
end

function init(arguments)
  calls[ME], calls[LOGIN], tokens = read(arguments[1]), read(arguments[2]), read(arguments[3])
  last, places = #tokens, {0, 0}
  head = "POST " .. arguments[4] .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
  for kind = ME, REFRESH do
    shares[kind], owed[kind] = tonumber(arguments[4 + kind]), 0
  end
  pause = tonumber(arguments[8])
end

-- Returns the kind that is furthest behind its share.
local function next_kind()
  local chosen = ME
  for kind = ME, REFRESH do
    owed[kind] = owed[kind] + shares[kind]
    if owed[kind] > owed[chosen] then chosen = kind end
  end
  owed[chosen] = owed[chosen] - 1
  return chosen
end

local function refresh()
  local token = tokens[first] or ""
  if first <= last then
    tokens[first] = nil
    first = first + 1
  end
  local body = '{"refresh_token":"' .. token .. '"}'
  return head .. #body .. "\r\n\r\n" .. body
end

function delay() return pause end

function request()
  -- wrk calls this first to count pipelined requests; it sends nothing.
  if not is_counting then
    is_counting = true
    return calls[ME][1]
  end
  local kind = next_kind()
  if kind == REFRESH then return refresh() end
  places[kind] = places[kind] % #calls[kind] + 1
  return calls[kind][places[kind]]
end

function response(status, headers, body)
  if status ~= 200 then
    refused = refused + 1
    return
  end
  local token = body:match('"refresh_token"%s*:%s*"([^"]+)"')
  if token ~= nil then
    last = last + 1
    tokens[last] = token
  elseif not body:find('"username"', 1, true) then
    wrong = wrong + 1
  end
end

dofile(os.getenv("WRK_REPORT"))
