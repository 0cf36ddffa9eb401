/** What a track of a fragmented MP4 needs to know of its codec: how it is described, and how its time is counted. */
export type TrackFormat = {
	readonly kind: "video" | "audio";
	/** The FourCC under which Enhanced RTMP names the codec; legacy numbers are translated. */
	readonly codec: number;
	/** Units a second of the track's decode times. Video: 90,000; audio: the sampling rate. */
	readonly timescale: number;
	/** The whole sample entry box (`avc1`, `mp4a` …) with the codec's configuration in it. */
	readonly sampleEntry: Uint8Array;
	/** In pixels; 0 for audio. */
	readonly width: number;
	readonly height: number;
	/** Audio samples a frame, where they are the same in every frame; 0 where the frame tells, and for video. */
	readonly frameSamples: number;
};
