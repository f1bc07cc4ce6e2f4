// Introspects an access token at doorward (RFC 7662), for auth_request of nginx: 204, 401, 403, or 500 if it is down.
const BEARER = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i;

async function check(request) {
  const shown = BEARER.exec(request.headersIn.Authorization || "");
  if (!shown) {
    return refuse(request, 401, "Bearer");
  }
  const body = "token=" + encodeURIComponent(shown[1]);
  const answer = await request.subrequest("/introspection/call", { method: "POST", body });
  if (answer.status !== 200) {
    request.error("introspection was answered with " + answer.status);
    return request.return(500);
  }
  const token = JSON.parse(answer.responseText);
  if (token.active !== true) {
    return refuse(request, 401, 'Bearer error="invalid_token"');
  }
  const scope = request.variables.scope;
  if (!token.scope.split(" ").includes(scope)) {
    return refuse(request, 403, 'Bearer error="insufficient_scope", scope="' + scope + '"');
  }
  request.headersOut["X-User"] = token.sub;
  return request.return(204);
}

function refuse(request, status, challenge) {
  request.headersOut["X-Challenge"] = challenge;
  request.return(status);
}

export default { check };
