import { OAuth2Client, OAuth2Fetch } from "@badgateway/oauth2-client";
import { REFRESHES, codeOf, nameOf, statusOfItems } from "./calls.mjs";

function client(site) {
  return new OAuth2Client({
    server: site.url,
    clientId: site.client_id,
    tokenEndpoint: site.token_path,
    revocationEndpoint: site.revoke_path,
  });
}

function begin(site) {
  return client(site).password({ username: site.username, password: site.password, scope: ["account"] });
}

export async function login(site) {
  return [await nameOf(site, (await begin(site)).accessToken)];
}

export async function refresh(site) {
  let stored = await begin(site);
  const seen = [await nameOf(site, stored.accessToken)];
  for (let count = 0; count < REFRESHES; count += 1) {
    const wrapper = new OAuth2Fetch({
      client: client(site),
      scheduleRefresh: false,
      getNewToken: () => begin(site),
      getStoredToken: () => ({ ...stored, expiresAt: Date.now() - 1000 }),
      storeToken: (token) => {
        stored = token;
      },
    });
    seen.push((await (await wrapper.fetch(site.url + site.me_path)).json()).username);
  }
  return seen;
}

export async function reuse(site) {
  const first = await begin(site);
  await client(site).refreshToken(first);
  return [await codeOf(() => client(site).refreshToken(first), (error) => error.oauth2Code)];
}

export async function logout(site) {
  await client(site).revoke(await begin(site), "refresh_token");
  return [];
}

export async function logoutByAccessToken(site) {
  await client(site).revoke(await begin(site), "access_token");
  return [];
}

function program(site) {
  return new OAuth2Client({
    server: site.url,
    clientId: site.program_id,
    clientSecret: site.program_secret,
    tokenEndpoint: site.program_token_path,
    introspectionEndpoint: site.introspection_path,
  });
}

export async function actForItself(site) {
  const { accessToken } = await program(site).clientCredentials({ scope: [site.program_scope] });
  return [await statusOfItems(site, accessToken)];
}

export async function lookAtAToken(site) {
  const token = await program(site).clientCredentials({ scope: [site.program_scope] });
  const good = await program(site).introspect(token);
  const bad = await program(site).introspect({ ...token, accessToken: "a" });
  return [good.scope, String(bad.active)];
}

export async function findTheEndpoints(site) {
  const { program_id: clientId, program_secret: clientSecret } = site;
  const found = new OAuth2Client({ server: site.url, clientId, clientSecret });
  const { accessToken } = await found.clientCredentials({ scope: [site.program_scope] });
  return [await statusOfItems(site, accessToken)];
}
