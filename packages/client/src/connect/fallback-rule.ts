import { ROAD_PROTOCOLS, type RoadProtocol } from "./address.ts";

/** One way to a server: a protocol and a port. */
export type Road = { readonly protocol: RoadProtocol; readonly port: number };

/** Which roads are tried where an address names no port, and when each begins. */
export type FallbackRule = {
	readonly roads: readonly Road[];
	/** `sequential`: each after the one before has failed. `parallel`: also after a time, and the first wins. */
	readonly order: "sequential" | "parallel";
	/** How long the first is alone, in milliseconds. Parallel only. */
	readonly headStartMillis: number;
	/** The time between the starts of the others, in milliseconds. Parallel only. */
	readonly staggerMillis: number;
	/** Longest wait for one road's connection and handshake, in milliseconds. */
	readonly attemptTimeoutMillis: number;
	/** Longest wait for all of them, in milliseconds. */
	readonly overallTimeoutMillis: number;
};

/** The name of a rule. */
export type FallbackName = keyof typeof FALLBACK_RULES;

const SEQUENTIAL = {
	order: "sequential",
	headStartMillis: 0,
	staggerMillis: 0,
	// No document has figures for the player. That of Windows for connections was about twice this.
	attemptTimeoutMillis: 10_000,
	overallTimeoutMillis: 60_000,
} as const;

/**
 * The rules that were published for `rtmp://` without a port. They contradict each other, for they belong to different
 * players and documents. With `rtmpe` the same rules hold with `rtmpe` and `rtmpte` (R8).
 */
export const FALLBACK_RULES = {
	/** TechNote 16631, "previous player": Flash Player 6, and the plug-in of Mac OS 9 for ever. */
	R1: { ...SEQUENTIAL, roads: roads("rtmp 1935", "rtmp 443", "rtmp 80") },
	/** TechNote 16631, "current player": the first that tunnelled, 6.0.65. */
	R2: { ...SEQUENTIAL, roads: roads("rtmp 1935", "rtmpt 80") },
	/** Client-Side ActionScript Language Reference for Flash Media Server 2: Flash Player 8. */
	R3: { ...SEQUENTIAL, roads: roads("rtmp 1935", "rtmp 443", "rtmp 80", "rtmpt 80") },
	/** "Ports and firewalls", the table. */
	R4: { ...SEQUENTIAL, roads: roads("rtmp 1935", "rtmp 80", "rtmpt 80") },
	/** "Ports and firewalls", the running text. */
	R5: { ...SEQUENTIAL, roads: roads("rtmp 1935", "rtmp 80", "rtmp 443") },
	/** The default. The last begins 260 ms after the first, so none is more than 300 ms worse than when tried alone. */
	racing: {
		order: "parallel",
		headStartMillis: 100,
		staggerMillis: 40,
		attemptTimeoutMillis: 10_000,
		overallTimeoutMillis: 60_000,
		roads: roads("rtmp 1935", "rtmp 443", "rtmpt 80", "rtmps 443", "rtmp 80", "rtmpts 443"),
	},
	/** NCManager of Flex and of the FLVPlayback component. */
	ncManager: {
		order: "parallel",
		headStartMillis: 1500,
		staggerMillis: 1500,
		attemptTimeoutMillis: 60_000,
		overallTimeoutMillis: 60_000,
		roads: roads("rtmp 1935", "rtmp 443", "rtmpt 80", "rtmps 443"),
	},
	/** NetConnectionFactory of the Open Source Media Framework: three protocols by three ports. */
	osmf: {
		order: "parallel",
		headStartMillis: 200,
		staggerMillis: 200,
		attemptTimeoutMillis: 10_000,
		overallTimeoutMillis: 10_000,
		roads: ["rtmp", "rtmpt", "rtmps"].flatMap(protocol => roads(...[1935, 443, 80].map(port => `${protocol} ${port}`))),
	},
} as const satisfies Record<string, FallbackRule>;

/** Reads roads that are written as protocol and port. */
function roads(...texts: string[]): readonly Road[] {
	return texts.map(text => {
		const [protocol, port] = text.split(" ");
		return { protocol: protocol as RoadProtocol, port: Number(port) };
	});
}

/** The roads with RTMP's own encryption instead of none; those by TLS have no such variant. */
export function encryptedRoads(plain: readonly Road[]): readonly Road[] {
	return plain.flatMap(({ protocol, port }) => {
		if (ROAD_PROTOCOLS[protocol].isSecure) return [];
		return [{ protocol: protocol === "rtmpt" ? "rtmpte" : "rtmpe", port }] as const;
	});
}
