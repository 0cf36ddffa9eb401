export { HttpTunnel, type HttpTunnelOptions, type TunnelOrigin } from "./http-tunnel.ts";
