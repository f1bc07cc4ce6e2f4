// Shared by the flows of all clients.
export const REFRESHES = 2;

export async function nameOf(site, accessToken) {
  const answer = await fetch(site.url + site.me_path, { headers: { Authorization: `Bearer ${accessToken}` } });
  return (await answer.json()).username;
}

export async function statusOfItems(site, accessToken) {
  const answer = await fetch(site.url + site.items_path, { headers: { Authorization: `Bearer ${accessToken}` } });
  return String(answer.status);
}

export async function codeOf(refused, codeIn) {
  try {
    await refused();
  } catch (error) {
    return codeIn(error);
  }
  return "not refused";
}
