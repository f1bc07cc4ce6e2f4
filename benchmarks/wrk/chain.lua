-- Rotates refresh tokens: each answer's token is sent by a later request, and no token is sent twice.
-- With one thread (-t 1). Arguments: a file of tokens, one for each connection, each ended by a NUL; the call's
-- path; the name of the token's member in the answer; the type of the request's body, and what is in it before
-- and after the token.
--
-- The tokens are a queue, not bound to connections: a connection has at most one request in progress, so each
-- connection that may send has a token. A refused request loses its token; a later one then sends none and is refused.

refused, wrong = 0, 0
local tokens, first, last, is_counting = {}, 1, 0, false
local head, before, after, pattern

function setup(thread) watched = thread end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for each in file:read("*a"):gmatch("%Z+") do
    last = last + 1
    tokens[last] = each
  end
  file:close()
  head = "POST " .. arguments[2] .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: " .. arguments[4]
    .. "\r\nContent-Length: "
  before, after = arguments[5], arguments[6]
  pattern = '"' .. arguments[3] .. '"%s*:%s*"([^"]+)"'
end

local function with_token(token)
  local body = before .. token .. after
  return head .. #body .. "\r\n\r\n" .. body
end

function request()
  -- wrk calls this first to count pipelined requests; it sends nothing.
  if not is_counting then
    is_counting = true
    return with_token(tokens[first])
  end
  if first > last then return with_token("") end
  local token = tokens[first]
  tokens[first] = nil
  first = first + 1
  return with_token(token)
end

function response(status, headers, body)
  if status ~= 200 then
    refused = refused + 1
    return
  end
  local token = body:match(pattern)
  if token == nil then
    wrong = wrong + 1
    return
  end
  last = last + 1
  tokens[last] = token
end

dofile(os.getenv("WRK_REPORT"))
