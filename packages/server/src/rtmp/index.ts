export type { ApplicationRules, PeerContext } from "./peer-context.ts";
export type { PublishRecorder, RecordedPublisher } from "./publish-recorder.ts";
export { RtmpPeer } from "./rtmp-peer.ts";
