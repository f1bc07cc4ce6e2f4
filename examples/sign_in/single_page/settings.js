// The client: doorward client add "Orders" --auth-method none --redirect-uri https://app.example.com/ \
//   --post-logout-uri https://app.example.com/ --scope openid --scope offline_access --scope orders:read \
//   --audience https://orders.example.com
// `resource` and its scope are for your own API. Without an API remove both, and set loadUserInfo.
export const settings = {
  authority: "https://auth.example.com",
  client_id: "dwc_EXAMPLE",
  scope: "openid offline_access orders:read",
  resource: "https://orders.example.com",
  loadUserInfo: false,
};
