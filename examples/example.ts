/** What the examples run against. */
export type ExamplePlace = {
	/** `127.0.0.1:port` of a server (RTMP and HTTP) that publishes `live/demo`, plays `vod/sample`, and lets everyone publish and record. */
	readonly server: string;
	readonly port: number;
	/** A port on which nothing listens. */
	readonly closedPort: number;
	/** An FLV file. */
	readonly file: string;
	/** A folder for what the example writes. */
	readonly folder: string;
	/** A copy of the example's `applications`, which the server uses. */
	readonly applications: string;
	/** An FLV file of one or two seconds. */
	readonly shortFile: string;
};

/** How `run-all.ts` runs an example and knows that it works. */
export type ExampleCheck = {
	/** Makes what it needs, before anybody connects. */
	readonly prepare?: (place: ExamplePlace) => Promise<void>;
	/** The arguments of `main.ts`. */
	readonly args: (place: ExamplePlace) => readonly string[];
	/** What its output must hold, in this order. */
	readonly expect: readonly RegExp[];
	/** Looks at what it left behind; throws where that is wrong. */
	readonly verify?: (place: ExamplePlace) => Promise<void>;
};
