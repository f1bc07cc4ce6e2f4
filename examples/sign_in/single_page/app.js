// Signs users in with oidc-client-ts, whose file dist/browser/oidc-client-ts.min.js is in the same folder.
import { settings } from "./settings.js";

const here = `${location.origin}/`;
const manager = new oidc.UserManager({
  ...settings,
  redirect_uri: here,
  post_logout_redirect_uri: here,
  // A session with offline_access continues after a logout, so its tokens are revoked, too.
  revokeTokensOnSignout: true,
  revokeTokenTypes: ["refresh_token"],
});
const element = (id) => document.getElementById(id);

function show(user) {
  const { preferred_username: name, sub } = user?.profile ?? {};
  element("user").textContent = user ? `Signed in: ${name ?? sub}` : "Signed out";
}

async function call() {
  const { access_token: token } = await manager.getUser();
  const answer = await fetch("/api/orders", { headers: { Authorization: `Bearer ${token}` } });
  element("answer").textContent = `${answer.status} ${await answer.text()}`;
}

function when(id, action) {
  element(id).addEventListener("click", () =>
    action().catch((error) => {
      element("answer").textContent = String(error);
    }),
  );
}

manager.events.addUserLoaded(show);
manager.events.addUserUnloaded(() => show(null));
when("sign-in", () => manager.signinRedirect());
when("renew", async () => {
  await manager.signinSilent();
  element("answer").textContent = "Renewed";
});
when("call", call);
when("sign-out", () => manager.signoutRedirect());

// After the redirect back with an answer, remove the answer from the URL.
if (new URLSearchParams(location.search).has("state")) {
  try {
    await (location.search.includes("code=") ? manager.signinCallback() : manager.signoutCallback());
  } catch (error) {
    element("answer").textContent = String(error);
  }
  history.replaceState(null, "", here);
}
show(await manager.getUser());
