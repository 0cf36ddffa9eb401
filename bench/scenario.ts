/** What a run does to the server: media to players, connect and play over and over, or connections that stay idle. */
export type ScenarioKind = "play" | "connect" | "idle";

/** Roads on which a relay brings rtmpload's players to the server (`road-relay.ts`); `relayed` is plain RTMP. */
export const RELAY_ROADS = ["relayed", "rtmps", "rtmpe", "rtmpt", "ws"] as const;
export type RelayRoad = (typeof RELAY_ROADS)[number];

/** How players ask for the stream. Publishers always speak RTMP. */
export type Transport = "rtmp" | "http-flv" | "ws-flv" | RelayRoad;

/** Who runs in a scenario: a peer's name, and `/transport` where the players do not speak RTMP. */
export type Contestant = string;

/** Files of one hour that are played on demand. */
export type MediaFileName = "hour.flv" | "hour.mp4";

/** One load, and the servers that stand under it in turn. */
export type Scenario = {
	/** Short and unique; `--only` takes it. */
	name: string;
	/** One line above the table. */
	title: string;
	kind: ScenarioKind;
	/** Streams of 1 Mbit/s, published over RTMP. */
	publishers: number;
	/** The file that is played on demand instead of what is live, of the application `vod`. Default: live streams. */
	file?: MediaFileName;
	/** Players, or idle connections; player i plays stream i mod `publishers`. For `connect`: how many are in flight. */
	connections: number;
	/** Players that read what comes when it comes, and are parsed in full; the others look each 20 ms. Default: all (0028). */
	readers?: number;
	/** The round trip of a path between server and load, in milliseconds (0029). Default: both on loopback. */
	roundTripMillis?: number;
	/** New players each second; a low rate measures joining on a quiet server. */
	joinRate: number;
	/** Between the publishers' start and the first player, in seconds: time to fill GOP caches. */
	settleSeconds: number;
	/** Between the last player's first frame and the window, in seconds. */
	warmUpSeconds: number;
	/** The measured window, in seconds. */
	windowSeconds: number;
	contestants: readonly Contestant[];
	/** What the table's ratios are taken against, and the title of that column. Default: nginx. */
	reference?: { readonly contestant: Contestant; readonly title: string };
};

const MODES = ["millrace-interactive", "millrace-default", "millrace-scale"];
const ALL = [...MODES, "nginx", "node-media-server"];
/** Each player finds the server quiet; for a file, it seeks to a place of its own. */
const QUIET_JOIN = {
	title: "100 players, 20 a second, each from a place of its own: connect() to first coded frame",
	joinRate: 20,
	warmUpSeconds: 0,
	windowSeconds: 1,
};
const ONE_MODE = ["millrace-default", "nginx", "node-media-server"];
const FLV = [
	"millrace-default",
	"millrace-default/http-flv",
	"millrace-default/ws-flv",
	"node-media-server/http-flv",
	"node-media-server/ws-flv",
];

/** The full set. One round of it takes about 17 minutes. */
export const SCENARIOS: readonly Scenario[] = [
	fanOut(100),
	fanOut(500),
	fanOut(1000),
	fanOut(2000),
	{
		...fanOut(500),
		name: "polled-500",
		title: "500 viewers of which 480 look for what has come each 20 ms, and else leave it unread",
		readers: 20,
	},
	{
		...fanOut(500),
		name: "path-500",
		title: "500 viewers of one 1 Mbit/s stream, RTMP, over a path with a round trip of 20 ms",
		roundTripMillis: 20,
	},
	{
		...fanOut(100),
		name: "ingest-100",
		title: "100 streams with one viewer each, RTMP",
		publishers: 100,
		contestants: ["millrace-interactive", "millrace-default", "nginx", "node-media-server"],
	},
	{
		...fanOut(500),
		name: "flv-500",
		title: "500 viewers of one stream, HTTP-FLV and WebSocket-FLV beside our RTMP",
		contestants: FLV,
	},
	roads(100),
	roads(500),
	{
		...fanOut(200),
		name: "join",
		title: "200 viewers join one stream, 20 a second: connect() to first coded frame",
		joinRate: 20,
		warmUpSeconds: 0,
		windowSeconds: 1,
	},
	{
		...fanOut(32),
		name: "connect",
		title: "connect, createStream, play of a live stream, closed at Play.Start; 32 in flight",
		kind: "connect",
		warmUpSeconds: 3,
		windowSeconds: 6,
		contestants: ONE_MODE,
	},
	onDemand("hour.flv", 100),
	onDemand("hour.flv", 500),
	onDemand("hour.mp4", 100),
	onDemand("hour.mp4", 500),
	{ ...onDemand("hour.flv", 100), ...QUIET_JOIN, name: "seek-flv" },
	{ ...onDemand("hour.mp4", 100), ...QUIET_JOIN, name: "seek-mp4" },
	{
		...fanOut(2000),
		name: "idle",
		title: "2,000 idle connections (connect and createStream, then nothing)",
		kind: "idle",
		publishers: 0,
		settleSeconds: 0,
		windowSeconds: 2,
		contestants: ONE_MODE,
	},
];

/** The same loads, small and short, for CI: they show that everything works, and nothing about speed. */
export const SMOKE_SCENARIOS: readonly Scenario[] = [
	smoke("fanout-100", { title: "50 viewers of one stream, RTMP (smoke)", connections: 50 }),
	smoke("path-500", {
		title: "20 viewers over a path with a round trip of 20 ms (smoke)",
		connections: 20,
		contestants: ["millrace-default", "nginx"],
	}),
	smoke("ingest-100", {
		title: "10 streams with one viewer each, RTMP (smoke)",
		publishers: 10,
		connections: 10,
		contestants: ONE_MODE,
	}),
	smoke("flv-500", { title: "50 viewers of one stream, HTTP-FLV and WebSocket-FLV (smoke)", connections: 50 }),
	smoke("roads-100", {
		title: "10 viewers by other roads, through a relay (smoke)",
		connections: 10,
		windowSeconds: 1,
		contestants: ["millrace-default/rtmpe", "millrace-default/rtmpt"],
	}),
	smoke("join", { title: "10 viewers join one stream, 20 a second (smoke)", connections: 10, contestants: ONE_MODE }),
	smoke("connect", { title: "connect, createStream, play; 8 in flight (smoke)", connections: 8, windowSeconds: 1 }),
	smoke("vod-mp4-100", { title: "20 players of an MP4 file (smoke)", connections: 20 }),
	smoke("idle", { title: "200 idle connections (smoke)", connections: 200, windowSeconds: 1 }),
];

/** Splits `peer/transport`. */
export function parseContestant(contestant: Contestant): { peer: string; transport: Transport } {
	const [peer = "", transport = "rtmp"] = contestant.split("/");
	return { peer, transport: transport as Transport };
}

/** The scenarios whose name is one of `names` or begins with one of them and a dash (`fanout`); all for no names. */
export function selectScenarios(scenarios: readonly Scenario[], names: readonly string[]): readonly Scenario[] {
	if (names.length === 0) return scenarios;
	return scenarios.filter(({ name }) => names.some(wanted => name === wanted || name.startsWith(`${wanted}-`)));
}

/** The scenario with another warm-up, which its title tells; as it is where nothing warms up. */
export function warmedUp(scenario: Scenario, seconds: number | undefined): Scenario {
	if (seconds === undefined || scenario.warmUpSeconds === 0) return scenario;
	return { ...scenario, title: `${scenario.title}, after ${seconds} s`, warmUpSeconds: seconds };
}

/** About how long one run takes, in seconds, with the server's start and end. */
export function expectedSeconds(scenario: Scenario): number {
	const { kind, connections, joinRate, settleSeconds, warmUpSeconds, windowSeconds } = scenario;
	const joining = kind === "connect" ? 0 : connections / joinRate;
	return 1.5 + settleSeconds + joining + warmUpSeconds + windowSeconds;
}

/** One stream of 1 Mbit/s to `viewers` over RTMP: the load that the others are variations of. */
function fanOut(viewers: number): Scenario {
	return {
		name: `fanout-${viewers}`,
		title: `${viewers.toLocaleString("en")} viewers of one 1 Mbit/s stream, RTMP`,
		kind: "play",
		publishers: 1,
		connections: viewers,
		joinRate: 300,
		settleSeconds: 3,
		warmUpSeconds: 3,
		windowSeconds: 12,
		contestants: ALL,
	};
}

/** By each road, through the same relay, so that the server meets the same client. */
function roads(viewers: number): Scenario {
	return {
		...fanOut(viewers),
		name: `roads-${viewers}`,
		title: `${viewers} viewers of one 1 Mbit/s stream, by other roads than plain RTMP, through a relay`,
		joinRate: 100,
		contestants: ["millrace-default", ...RELAY_ROADS.map(road => `millrace-default/${road}`)],
		reference: { contestant: "millrace-default/relayed", title: "/rtmp" },
	};
}

/** Players that begin at places spread over an hour: nothing can be shared between them but the file. */
function onDemand(file: MediaFileName, players: number): Scenario {
	const kind = file === "hour.flv" ? "flv" : "mp4";
	return {
		...fanOut(players),
		name: `vod-${kind}-${players}`,
		title: `${players} players of a 1-hour ${kind.toUpperCase()} file of 1 Mbit/s, each at another place, RTMP`,
		publishers: 0,
		file,
		settleSeconds: 0,
		contestants: ["millrace-default", "nginx"],
	};
}

function smoke(name: string, changes: Partial<Scenario>): Scenario {
	const full = SCENARIOS.find(scenario => scenario.name === name);
	if (full === undefined) throw new RangeError(`No scenario ${name}.`);
	const settleSeconds = Math.min(full.settleSeconds, 0.5);
	return { ...full, settleSeconds, warmUpSeconds: 0.2, windowSeconds: 1.5, ...changes };
}
