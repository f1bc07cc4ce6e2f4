-- Sends prepared requests in turns, and checks the Location of each answer. With one thread (-t 1).
-- Arguments: a file of requests, each ended by a NUL; what each Location must begin with.

refused, wrong = 0, 0
local requests, position, expected = {}, 0, nil

function setup(thread) watched = thread end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for each in file:read("*a"):gmatch("%Z+") do requests[#requests + 1] = each end
  file:close()
  expected = arguments[2]
end

function request()
  position = position % #requests + 1
  return requests[position]
end

function response(status, headers, body)
  local location = headers["location"] or headers["Location"] or ""
  if status ~= 302 then refused = refused + 1
  elseif location:sub(1, #expected) ~= expected then wrong = wrong + 1 end
end

dofile(os.getenv("WRK_REPORT"))
