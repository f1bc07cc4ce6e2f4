// Example to copy: a client of doorward for browsers and Node 18 or newer. docs/clients.md explains its rules.
//
//     const client = new DoorwardClient("https://auth.example.com");
//     await client.logIn("ada", "correct horse battery");
//     const answer = await client.call("/api/v1/auth/me");
//     await client.logOut();

const DEVICE = "Doorward-Device";
const ATTEMPTS = 4;
const LONGEST_WAIT_SECONDS = 30;
/** The methods whose requests can be repeated without further effect (RFC 9110 section 9.2.2). */
const REPEATABLE_METHODS = new Set(["GET", "HEAD", "PUT", "DELETE"]);

/** The user name or the password is wrong. */
export class LoginRefused extends Error {}

/** Too many wrong passwords for this account: tell the user to try again later. The password was not checked. */
export class LoginThrottled extends Error {
  constructor(readonly retryAfterSeconds: number) {
    super(`try again in ${retryAfterSeconds} seconds`);
  }
}

/** There is no session, or it has ended: ask the user to log in. */
export class SessionEnded extends Error {}

/** The service refused for another reason; `status` is HTTP's. */
export class Refused extends Error {
  constructor(readonly status: number) {
    super(`doorward answered ${status}`);
  }
}

export interface Tokens {
  access: string;
  refresh: string;
}

/** Stores the tokens between calls. Tabs that share a session share a store. */
export interface TokenStore {
  load(): Tokens | null;
  save(tokens: Tokens | null): void;
}

/** Tokens of one page or process, lost at its end. */
export class MemoryStore implements TokenStore {
  private tokens: Tokens | null = null;

  load(): Tokens | null {
    return this.tokens;
  }

  save(tokens: Tokens | null): void {
    this.tokens = tokens;
  }
}

/** Stores the token by which the account recognises this device. It outlives sessions: keep it after a logout. */
export interface DeviceStore {
  load(): string | null;
  save(token: string): void;
}

/** A device token of one page or process. The next one is a new device. */
export class MemoryDevice implements DeviceStore {
  private token: string | null = null;

  load(): string | null {
    return this.token;
  }

  save(token: string): void {
    this.token = token;
  }
}

export interface Options {
  store?: TokenStore;
  device?: DeviceStore;
  fetch?: typeof fetch;
  sleep?: (seconds: number) => Promise<void>;
}

interface Answer {
  status: number;
  headers: Headers;
}

interface AuthAnswer extends Answer {
  body: { access_token: string; refresh_token: string; code?: string };
}

/** One session. Calls may run concurrently. */
export class DoorwardClient {
  private readonly store: TokenStore;
  private readonly device: DeviceStore;
  private readonly fetch: typeof fetch;
  private readonly sleep: (seconds: number) => Promise<void>;
  private lastChange: Promise<unknown> = Promise.resolve();

  constructor(private readonly base: string, options: Options = {}) {
    this.store = options.store ?? new MemoryStore();
    this.device = options.device ?? new MemoryDevice();
    this.fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.sleep = options.sleep ?? ((seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds)));
  }

  /** Begin a session. Throws `LoginRefused` and `LoginThrottled`. */
  async logIn(username: string, password: string): Promise<void> {
    const device = this.device.load();
    const headers: Record<string, string> = device === null ? {} : { [DEVICE]: device };
    const answer = await this.post("/api/v1/auth/token", new URLSearchParams({ username, password }), headers);
    if (await isThrottled(answer)) throw new LoginThrottled(secondsAsked(answer.headers));
    if (answer.status === 401) throw new LoginRefused();
    this.store.save(tokensOf(answer));
  }

  /**
   * Send a request with the access token; refresh the token once if it was refused.
   *
   * 403 is returned to the caller, because a new token would be refused as well. Throws `SessionEnded`.
   */
  async call(path: string, init: RequestInit = {}): Promise<Response> {
    let tokens = this.presentTokens();
    let answer = await this.sendAs(tokens, path, init);
    if (answer.status !== 401) return answer;
    tokens = await this.refresh(tokens);
    answer = await this.sendAs(tokens, path, init);
    if (answer.status === 401) throw new SessionEnded();
    return answer;
  }

  /** End the session at the service, and delete the tokens in any case. */
  async logOut(): Promise<void> {
    await this.alone(async () => {
      const tokens = this.store.load();
      this.store.save(null);
      if (tokens === null) return;
      const answer = await this.post("/api/v1/auth/revoke", JSON.stringify({ refresh_token: tokens.refresh }));
      if (answer.status !== 204) throw new Refused(answer.status);
    });
  }

  /** Return newer tokens than the refused ones. Concurrent calls, and tabs with one store, share one refresh. */
  private refresh(refused: Tokens): Promise<Tokens> {
    return this.alone(async () => {
      const tokens = this.presentTokens();
      if (tokens.refresh !== refused.refresh) return tokens;
      // After a lost answer, the same token is sent again soon: if the service has a leeway, it returns the same
      // successor. Without a leeway the session may end; there is no other token to try.
      const answer = await this.post("/api/v1/auth/refresh", JSON.stringify({ refresh_token: tokens.refresh }));
      if (answer.status === 401) {
        this.store.save(null);
        throw new SessionEnded();
      }
      const successor = tokensOf(answer);
      this.store.save(successor);
      return successor;
    });
  }

  private presentTokens(): Tokens {
    const tokens = this.store.load();
    if (tokens === null) throw new SessionEnded();
    return tokens;
  }

  /** Run `change` exclusively: among all tabs of a browser, or in this process. */
  private alone<T>(change: () => Promise<T>): Promise<T> {
    const locks = (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks;
    if (locks) return locks.request("doorward-tokens", change) as Promise<T>;
    const mine = this.lastChange.then(change, change);
    this.lastChange = mine;
    return mine;
  }

  private sendAs(tokens: Tokens, path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("Authorization", `Bearer ${tokens.access}`);
    const isRepeatable = REPEATABLE_METHODS.has((init.method ?? "GET").toUpperCase());
    return this.send(isRepeatable, () => this.fetch(this.base + path, { ...init, headers }));
  }

  private post(path: string, body: URLSearchParams | string, more: Record<string, string> = {}): Promise<AuthAnswer> {
    const headers = typeof body === "string" ? { "Content-Type": "application/json", ...more } : more;
    return this.send(true, async () => {
      const answer = await this.fetch(this.base + path, { method: "POST", headers, body });
      const text = await answer.text();
      const isJson = answer.status === 200 || isProblem(answer.headers);
      return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : {} };
    });
  }

  /**
   * Send a request; repeat it after 429, and, if it may be repeated, after 503 and a lost answer.
   *
   * A throttled login is not repeated: only the user knows whether the password was meant.
   */
  private async send<T extends Answer>(isRepeatable: boolean, request: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      let answer: T;
      try {
        answer = await request();
      } catch (error) {
        // fetch throws it for network errors, and for an incomplete body.
        if (!(error instanceof TypeError) || !isRepeatable || attempt === ATTEMPTS) throw error;
        await this.sleep(Math.random() * 0.5 * 2 ** attempt);
        continue;
      }
      const device = answer.headers.get(DEVICE);
      if (device !== null) this.device.save(device);
      const wasNotDone = answer.status === 429 && !(await isThrottled(answer));
      const mayBeRepeated = wasNotDone || (answer.status === 503 && isRepeatable);
      if (!mayBeRepeated || attempt === ATTEMPTS) return answer;
      await this.sleep(secondsToWait(answer.headers));
    }
  }
}

function isProblem(headers: Headers): boolean {
  return headers.get("Content-Type") === "application/problem+json";
}

async function isThrottled(answer: Answer): Promise<boolean> {
  if (answer.status !== 429 || !isProblem(answer.headers)) return false;
  const problem = answer instanceof Response ? await answer.clone().json() : (answer as AuthAnswer).body;
  return problem.code === "login_throttled";
}

function secondsAsked(headers: Headers): number {
  const asked = headers.get("Retry-After") ?? "";
  return /^\d+$/.test(asked) ? Number(asked) : 5;
}

/** Return the requested delay plus a random part, so that clients that were refused together do not retry together. */
function secondsToWait(headers: Headers): number {
  return Math.min(secondsAsked(headers), LONGEST_WAIT_SECONDS) + Math.random();
}

function tokensOf(answer: AuthAnswer): Tokens {
  if (answer.status !== 200) throw new Refused(answer.status);
  return { access: answer.body.access_token, refresh: answer.body.refresh_token };
}
