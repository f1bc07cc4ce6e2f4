import { ClientCredentials, ResourceOwnerPassword } from "simple-oauth2";
import { REFRESHES, codeOf, nameOf, statusOfItems } from "./calls.mjs";

function client(site) {
  return new ResourceOwnerPassword({
    client: { id: site.client_id, secret: "" },
    auth: { tokenHost: site.url, tokenPath: site.token_path, revokePath: site.revoke_path },
  });
}

function begin(site) {
  return client(site).getToken({ username: site.username, password: site.password, scope: "account" });
}

export async function login(site) {
  return [await nameOf(site, (await begin(site)).token.access_token)];
}

export async function refresh(site) {
  let current = await begin(site);
  const seen = [await nameOf(site, current.token.access_token)];
  for (let count = 0; count < REFRESHES; count += 1) {
    // As documented: whether the token has expired, or expires within this number of seconds.
    if (current.expired(1_000_000)) current = await current.refresh();
    seen.push(await nameOf(site, current.token.access_token));
  }
  return seen;
}

export async function reuse(site) {
  const first = await begin(site);
  await first.refresh();
  return [await codeOf(() => first.refresh(), (error) => error.data.payload.error)];
}

export async function logout(site) {
  await (await begin(site)).revokeAll();
  return [];
}

export async function logoutByAccessToken(site) {
  await (await begin(site)).revoke("access_token");
  return [];
}

export async function actForItself(site) {
  const program = new ClientCredentials({
    client: { id: site.program_id, secret: site.program_secret },
    auth: { tokenHost: site.url, tokenPath: site.program_token_path },
  });
  const { token } = await program.getToken({ scope: site.program_scope });
  return [await statusOfItems(site, token.access_token)];
}
