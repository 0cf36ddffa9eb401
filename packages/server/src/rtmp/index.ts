export type { ApplicationRules, PeerContext } from "./peer-context.ts";
export { RtmpPeer } from "./rtmp-peer.ts";
