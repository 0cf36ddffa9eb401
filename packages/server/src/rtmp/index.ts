export { type BandwidthDetection, type BandwidthRules, DEFAULT_BANDWIDTH_RULES } from "./bandwidth-rules.ts";
export { ClientAllowance } from "./client-allowance.ts";
export { EdgeFeeds } from "./edge/index.ts";
export type { ApplicationRules, ClientTransport, PeerContext } from "./peer-context.ts";
export { protocolRefusal, SWF_REJECTED } from "./peer-words.ts";
export type { PublishRecorder } from "./publish-recorder.ts";
export { RtmpPeer } from "./rtmp-peer.ts";
export { RtmpWebSocket, type RtmpWebSocketOptions } from "./rtmp-web-socket.ts";
