-- Sends prepared requests, each once, checks each answer, and ends when all are answered, or when the time is over.
-- With one thread (-t 1). Arguments: a file of requests, each ended by a NUL; what each answer's body
-- must contain.

local ffi = require("ffi")
ffi.cdef("int getpid(void); int kill(int pid, int signal);")
local SIGINT = 2

refused, wrong = 0, 0
local requests, position, answered, expected, is_counting = {}, 0, 0, nil, false

function setup(thread) watched = thread end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for each in file:read("*a"):gmatch("%Z+") do requests[#requests + 1] = each end
  file:close()
  expected = arguments[2]
end

function request()
  -- wrk calls this first to count pipelined requests; it sends nothing.
  if not is_counting then
    is_counting = true
    return requests[1]
  end
  position = position + 1
  -- An empty string sends nothing: the connection stays idle while the others get their last answers.
  return requests[position] or ""
end

function response(status, headers, body)
  answered = answered + 1
  if status < 200 or status > 299 then refused = refused + 1
  elseif not body:find(expected, 1, true) then wrong = wrong + 1 end
  -- As Ctrl+C does: wrk stops, and counts the time until now.
  if answered == #requests then ffi.C.kill(ffi.C.getpid(), SIGINT) end
end

dofile(os.getenv("WRK_REPORT"))
