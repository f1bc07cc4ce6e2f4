// The scenarios of test_typescript_client.py with the compiled client: node scenarios.mjs CLIENT URL PASSWORD USERNAME...
// Prints one JSON object: the observations of each scenario.

const [client, base, password, ...usernames] = process.argv.slice(2);
const { DoorwardClient, LoginRefused, LoginThrottled, SessionEnded } = await import(client);

const ME = "/api/v1/auth/me";
const TOKEN = "/api/v1/auth/token";
const REFRESH = "/api/v1/auth/refresh";
const REVOKE = "/api/v1/auth/revoke";

class Store {
  tokens = null;
  load() {
    return this.tokens;
  }
  save(tokens) {
    this.tokens = tokens;
  }
  spoilAccessToken() {
    this.tokens = { ...this.tokens, access: "run out" };
  }
}

/** A client that is logged in, its requests in order, its waits, and what happens to the next requests of a path. */
async function scene() {
  const store = new Store();
  const seen = { paths: [], waits: [], devices: [], lostAnswers: [], answers: {} };
  const disturbedFetch = async (address, init) => {
    const path = new URL(address).pathname;
    seen.paths.push(path);
    if (path === TOKEN) seen.devices.push(init.headers["Doorward-Device"] !== undefined);
    if (seen.answers[path]?.length) return seen.answers[path].pop();
    const answer = await fetch(address, init);
    if (seen.lostAnswers.includes(path)) {
      seen.lostAnswers.splice(seen.lostAnswers.indexOf(path), 1);
      await answer.arrayBuffer();
      throw new TypeError("terminated");
    }
    return answer;
  };
  const sleep = async (seconds) => void seen.waits.push(seconds);
  const session = new DoorwardClient(base, { store, fetch: disturbedFetch, sleep });
  const username = usernames.pop();
  await session.logIn(username, password);
  seen.paths.length = 0;
  return { session, store, seen, username };
}

const busy = (status, seconds) => new Response(null, { status, headers: { "Retry-After": seconds } });

async function outcome(call) {
  try {
    return (await call).status;
  } catch (error) {
    if (error instanceof SessionEnded) return "session ended";
    if (error instanceof LoginRefused) return "login refused";
    if (error instanceof LoginThrottled) return "login throttled";
    return error.message;
  }
}

const scenarios = {
  async wrongPassword() {
    const { session, username } = await scene();
    return outcome(session.logIn(username, "wrong password"));
  },
  async knownDevice() {
    const { session, seen, username } = await scene();
    await session.logOut();
    await session.logIn(username, password);
    return seen.devices;
  },
  async throttledLogin() {
    const { session, seen, username } = await scene();
    const problem = { code: "login_throttled", status: 429 };
    const headers = { "Content-Type": "application/problem+json", "Retry-After": "3600" };
    seen.answers[TOKEN] = [new Response(JSON.stringify(problem), { status: 429, headers })];
    let wait = 0;
    const login = session.logIn(username, password).catch((error) => {
      wait = error.retryAfterSeconds;
      throw error;
    });
    return [await outcome(login), wait === 3600, seen.paths, seen.waits];
  },
  async parallelCalls() {
    const { session, store, seen } = await scene();
    store.spoilAccessToken();
    const statuses = await Promise.all(Array.from({ length: 20 }, () => outcome(session.call(ME))));
    return [new Set(statuses).size, statuses[0], seen.paths.filter((path) => path === REFRESH).length];
  },
  async endedSession() {
    const { session, store, seen } = await scene();
    await fetch(base + REVOKE, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ refresh_token: store.tokens.refresh }),
    });
    return [await outcome(session.call(ME)), await outcome(session.call(ME)), store.tokens, seen.paths];
  },
  async freshTokenRefused() {
    const { session, seen } = await scene();
    seen.answers[ME] = [busy(401, ""), busy(401, ""), busy(401, "")];
    return [await outcome(session.call(ME)), seen.paths];
  },
  async forbidden() {
    const { session, seen } = await scene();
    seen.answers[ME] = [busy(403, "")];
    return [await outcome(session.call(ME)), seen.paths];
  },
  async retryAfter() {
    const { session, seen } = await scene();
    seen.answers[ME] = [busy(503, "7"), busy(429, "7")];
    return [await outcome(session.call(ME)), seen.paths, seen.waits.map(Math.floor)];
  },
  async retryAfterIsBounded() {
    const { session, seen } = await scene();
    seen.answers[ME] = ["1", "9999", "Wed, 21 Oct 2026 07:28:00 GMT", ""].map((seconds) => busy(503, seconds));
    return [await outcome(session.call(ME)), seen.waits.map(Math.floor)];
  },
  async notRepeatable() {
    const { session, seen } = await scene();
    seen.answers[ME] = [busy(503, "7")];
    const first = await outcome(session.call(ME, { method: "POST" }));
    seen.lostAnswers.push(ME);
    return [first, await outcome(session.call(ME, { method: "POST" })), seen.paths, seen.waits];
  },
  async lostAnswerOfRefresh() {
    const { session, store, seen } = await scene();
    store.spoilAccessToken();
    seen.lostAnswers.push(REFRESH);
    return [await outcome(session.call(ME)), seen.paths];
  },
  async busyRefresh() {
    const { session, store, seen } = await scene();
    store.spoilAccessToken();
    seen.answers[REFRESH] = [busy(503, "2")];
    return [await outcome(session.call(ME)), seen.paths];
  },
  async logout() {
    const { session, store, seen } = await scene();
    const { access } = store.tokens;
    await session.logOut();
    const me = await fetch(base + ME, { headers: { Authorization: `Bearer ${access}` } });
    await session.logOut();
    return [me.status, store.tokens, seen.paths];
  },
  async logoutWithoutNetwork() {
    const { session, store, seen } = await scene();
    seen.lostAnswers.push(REVOKE, REVOKE, REVOKE, REVOKE);
    return [await outcome(session.logOut()), store.tokens];
  },
};

const results = {};
for (const [name, scenario] of Object.entries(scenarios)) results[name] = await scenario();
console.log(JSON.stringify(results));
