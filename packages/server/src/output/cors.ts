/** What answers `OPTIONS`, beside `corsHeaders`: any header may be sent, and that holds for a day. */
export const PREFLIGHT_HEADERS = { "access-control-allow-headers": "*", "access-control-max-age": "86400" };
