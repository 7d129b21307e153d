-- Ahead of every script. KEYS[1] begins the name of every key:
--   :stream        ids of jobs to be taken, read by the group "workers"
--   :delayed       ids by the time of their next attempt
--   :open          ids of unfinished downloads, by the time they were asked for
--   :dead          ids of dead downloads, by the time they are forgotten
--   :job:ID        hash: the download, and the token of its latest claim
--   :manifest:ID   its manifest
--   :request:HASH  id of the unfinished download with that digest
--   :user:NAME     ids by the time they were asked for
-- Times are milliseconds since 1970 began, by the server's clock.
local function key(name) return KEYS[1] .. ':' .. name end
local stream = key('stream')

local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function queue(id)
  if redis.call('EXISTS', stream) == 0 then
    redis.call('XGROUP', 'CREATE', stream, 'workers', '0', 'MKSTREAM')
  end
  redis.call('XADD', stream, '*', 'id', id)
end

local function unqueue(entry)
  redis.call('XACK', stream, 'workers', entry)
  redis.call('XDEL', stream, entry)
end

-- held says whether the claim is the latest of its job.
local function held(id, token) return redis.call('HGET', key('job:' .. id), 'token') == token end

-- finish sets fields of a download that has come to its end.
local function finish(id, expires, ...)
  local job = key('job:' .. id)
  redis.call('HSET', job, 'expire_time', expires, ...)
  redis.call('DEL', key('request:' .. redis.call('HGET', job, 'request')))
  redis.call('ZREM', key('open'), id)
  redis.call('PEXPIREAT', job, expires) -- last: by a clock that is ahead, it is gone at once
end
