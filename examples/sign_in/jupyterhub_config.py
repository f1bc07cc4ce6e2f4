"""JupyterHub whose users sign in with doorward: ``pip install jupyterhub oauthenticator``.

The client: doorward client add "JupyterHub" --redirect-uri https://hub.example.com/hub/oauth_callback --scope openid
--scope profile --scope email
"""

from typing import Any, Final

c: Any = get_config()  # type: ignore[name-defined] # noqa: F821 - JupyterHub defines it
ISSUER: Final = "https://auth.example.com"

# The target of the TLS proxy for https://hub.example.com.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.authenticator_class = "generic-oauth"
c.GenericOAuthenticator.client_id = "dwc_EXAMPLE"
c.GenericOAuthenticator.client_secret = "dws_EXAMPLE"  # noqa: S105 - an example, not a secret
c.GenericOAuthenticator.oauth_callback_url = "https://hub.example.com/hub/oauth_callback"
c.GenericOAuthenticator.authorize_url = f"{ISSUER}/oauth/authorize"
c.GenericOAuthenticator.token_url = f"{ISSUER}/oauth/token"
c.GenericOAuthenticator.userdata_url = f"{ISSUER}/oauth/userinfo"
c.GenericOAuthenticator.logout_redirect_url = f"{ISSUER}/oauth/logout"
c.GenericOAuthenticator.scope = ["openid", "profile", "email"]
c.GenericOAuthenticator.username_claim = "preferred_username"
c.GenericOAuthenticator.enable_pkce = True
# The client's authentication method, unless it was added with --auth-method client_secret_post.
c.GenericOAuthenticator.basic_auth = True
# Allows all users who can sign in with doorward; to allow single users, use allowed_users instead.
c.GenericOAuthenticator.allow_all = True
