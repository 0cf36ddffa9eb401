/** What pages, the administration service and metrics see of a running server: plain values, taken at one moment. */
export interface ServerView {
	/** The server as a whole. */
	server(): ServerFacts;
	/** Every live stream that has a publisher, or had one within its grace time. */
	streams(): StreamFacts[];
}

export interface ServerFacts {
	readonly version: string;
	/** When the server started, in milliseconds since 1970. */
	readonly startedAt: number;
	/** The port that RTMP is taken on, for the addresses that pages show. */
	readonly rtmpPort: number;
	readonly connections: number;
	/** Whether a publisher that is not on this machine needs a stream key. */
	readonly publishKeyNeeded: boolean;
}

export interface StreamFacts {
	readonly application: string;
	/** `_definst_` where none was named. */
	readonly instance: string;
	readonly name: string;
	/** Path of the watch page and, with `.flv` added, of the stream itself: `/live/demo`, `/live/@room/cam`. */
	readonly path: string;
	/** False in the grace time of a publisher that dropped. */
	readonly publishing: boolean;
	/** When publishing began, in milliseconds since 1970. */
	readonly since: number;
	readonly viewers: number;
	/** Measured over the last seconds, in bits per second. */
	readonly bitrate: number;
	readonly bytesIn: number;
	readonly bytesOut: number;
	/** RFC 6381 string such as `avc1.64001f` where the configuration tells it, otherwise the codec's name. */
	readonly videoCodec: string | undefined;
	readonly audioCodec: string | undefined;
	readonly width: number | undefined;
	readonly height: number | undefined;
	readonly framerate: number | undefined;
}

/** One port on which the server listens, as far as a visitor may know. */
export interface PortFacts {
	readonly port: number;
	/** By which protocols clients connect there: `rtmp`, `rtmps`, `rtmpt`, `rtmpts`, `ws`, `wss`, `rtmpe`, `rtmpte`. */
	readonly protocols: readonly string[];
}
