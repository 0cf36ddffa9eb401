import { type AmfValue, encodeAmf0 } from "@millrace/core/amf";
import type { MediaType } from "@millrace/core/flv";
import {
	type Call,
	type ConnectRequest,
	DEFAULT_RTMP_LIMITS,
	encodeCommand,
	type PlayRequest,
	type PublishRequest,
	ServerConnection,
	type ServerConnectionHandler,
	ServerHandshake,
	type ServerStream,
	TYPE_COMMAND,
} from "@millrace/core/rtmp";
import type {
	ClientPlatform,
	GatewayTarget,
	PostOutcome,
	PostRequest,
	Transport,
	TransportHandler,
	TransportTarget,
} from "./connect/index.ts";
import { NetConnection } from "./net-connection.ts";
import type { NetConnectionOptions } from "./net-connection-options.ts";

const random = (count: number) => new Uint8Array(count).fill(7);

/** How bytes are cut on their way. */
export type Split = (bytes: Uint8Array) => Uint8Array[];

export const SPLITS: readonly (readonly [name: string, make: () => Split])[] = [
	["whole", () => bytes => [bytes]],
	["byte by byte", () => bytes => Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))],
	["split at random", scattered],
];

/** A server's core that grants everything, unless a test gives it other answers. It remembers what it was asked. */
export class TestServer implements ServerConnectionHandler {
	readonly connection: ServerConnection;
	readonly events: string[] = [];
	readonly calls: Call[] = [];
	readonly media: [type: MediaType, timestamp: number, bytes: number][] = [];
	readonly #answers: TestAnswers;

	constructor(answers: TestAnswers, now: number) {
		this.#answers = answers;
		const options = {
			handshakeTimeoutMillis: 10_000,
			handshakeDeadlineMillis: 15_000,
			// Tests of silence are about the client's patience.
			pingIntervalMillis: 1e9,
			readTimeoutMillis: 1e9,
			limits: DEFAULT_RTMP_LIMITS,
			connectTimeoutMillis: 1e9,
			chunkSize: 4096,
			windowAckBytes: 2_500_000,
			fmsVersion: "5,0,15,5004",
			clientId: "c1",
		};
		this.connection = new ServerConnection(new ServerHandshake({ random }), this, options, now);
	}

	get request(): ConnectRequest | undefined {
		return this.connection.request;
	}

	/** The latest stream of the client. */
	get stream(): ServerStream {
		return [...this.connection.streams.values()].at(-1)!;
	}

	/** Sends a command as it is given. */
	command(streamId: number, name: string, transactionId: number, object: AmfValue, ...args: AmfValue[]): void {
		this.connection.link.send(3, TYPE_COMMAND, 0, streamId, encodeCommand(0, name, transactionId, object, args));
	}

	/** Sends media on the latest stream. */
	send(type: MediaType, timestamp: number, payload: Uint8Array): void {
		this.connection.link.send(type === 9 ? 6 : 4, type, timestamp, this.stream.id, payload);
	}

	/** Sends a data message on the latest stream. */
	data(...values: AmfValue[]): void {
		this.send(18, 0, encodeAmf0(...values));
	}

	onConnect(): void {
		this.#answers.connect(this);
	}
	onPublish(stream: ServerStream, request: PublishRequest): void {
		this.events.push(`publish ${request.name} ${request.mode}`);
		this.#answers.publish(stream);
	}
	onUnpublish(stream: ServerStream): void {
		this.events.push(`unpublish ${stream.name}`);
	}
	onPlay(stream: ServerStream, request: PlayRequest): void {
		this.events.push(`play ${request.name} ${request.startMillis} ${request.lengthMillis} ${request.reset}`);
		this.#answers.play(stream);
	}
	onStop(stream: ServerStream): void {
		this.events.push(`stop ${stream.name}`);
	}
	onPause(_stream: ServerStream, paused: boolean, positionMillis: number): void {
		this.events.push(`pause ${paused} ${positionMillis}`);
	}
	onSeek(_stream: ServerStream, positionMillis: number): void {
		this.events.push(`seek ${positionMillis}`);
	}
	onReceiveChange(stream: ServerStream): void {
		this.events.push(`receive ${stream.wantsAudio} ${stream.wantsVideo}`);
	}
	onMedia(_stream: ServerStream, type: MediaType, timestamp: number, payload: Uint8Array): void {
		this.media.push([type, timestamp, payload.length]);
	}
	onCall(call: Call): void {
		this.calls.push(call);
		this.#answers.call(this, call);
	}
	onSharedObject(type: 16 | 19, body: Uint8Array): void {
		this.#answers.sharedObject(this, type, body);
	}
	onClosed(): void {
		this.events.push("closed");
		this.#answers.closed(this);
	}
}

/** What test servers answer. */
export type TestAnswers = {
	connect(server: TestServer): void;
	publish(stream: ServerStream): void;
	play(stream: ServerStream): void;
	call(server: TestServer, call: Call): void;
	sharedObject(server: TestServer, type: 16 | 19, body: Uint8Array): void;
	closed(server: TestServer): void;
};

/** A request to a gateway, which the test answers. */
export type TestPost = {
	readonly target: GatewayTarget;
	readonly request: PostRequest;
	done(outcome: PostOutcome): void;
};

/** What a road leads to. */
export type TestRoad = "accept" | "refuse" | "drop" | "mute" | number;

const ROADS: Readonly<Record<TestNetwork["mode"], TestRoad>> = { open: "accept", refused: "refuse", dark: "drop" };

/** Clients' platform in memory: servers that grant everything, a network without delay, and a clock that tests turn. */
export class TestNetwork {
	readonly servers: TestServer[] = [];
	/** Each time that the client stopped reading from the network (true) or went on. */
	readonly holds: boolean[] = [];
	readonly targets: TransportTarget[] = [];
	readonly warnings: string[] = [];
	/** What was posted to gateways, until it is answered or aborted. */
	readonly posts: TestPost[] = [];
	/** How often something let go of a gateway's connections. */
	endedGateways = 0;
	readonly answers: TestAnswers = {
		connect: server => server.connection.acceptConnect(),
		publish: stream => stream.acceptPublish(),
		play: stream => stream.acceptPlay(true),
		call: () => undefined,
		sharedObject: () => undefined,
		closed: () => undefined,
	};
	readonly platform: ClientPlatform;
	/** What becomes of connections: they open, are refused at once, or nothing ever happens. */
	mode: "open" | "refused" | "dark" = "open";
	/** What becomes of each: `mute` opens and says nothing, a number is a delay in milliseconds. Default: as `mode` says. */
	roadOf: ((target: TransportTarget) => TestRoad) | undefined;
	/** Nothing arrives any more, on either side, as when a cable is cut. */
	isCut = false;
	/** The network takes nothing from clients; what they write stays in their backlog. */
	isJammed = false;
	now = 1000;
	readonly #split: Split;
	readonly #lines: TestLine[] = [];
	#timers: { readonly due: number; readonly action: () => void }[] = [];

	constructor(split: Split = bytes => [bytes]) {
		this.#split = split;
		this.platform = {
			open: (target, handler) => this.#open(target, handler),
			openGateway: target => ({
				post: (request, done) => {
					const post = { target, request, done };
					this.posts.push(post);
					return () => void this.posts.splice(this.posts.indexOf(post), 1);
				},
				end: () => void this.endedGateways++,
			}),
			now: () => this.now,
			after: (millis, action) => {
				const timer = { due: this.now + millis, action };
				this.#timers.push(timer);
				return () => {
					this.#timers = this.#timers.filter(other => other !== timer);
				};
			},
			random,
			warn: text => this.warnings.push(text),
		};
	}

	/** The server of the latest connection. */
	get server(): TestServer {
		return this.servers.at(-1)!;
	}

	/** A connection on this network that remembers its status codes. */
	connection(options?: NetConnectionOptions): { nc: NetConnection; codes: string[] } {
		const nc = new NetConnection(this.platform, options);
		const codes: string[] = [];
		nc.addEventListener("netStatus", event => codes.push(event.info.code));
		return { nc, codes };
	}

	/** Lets everything happen that needs no time. */
	async run(): Promise<void> {
		for (let quiet = 0; quiet < 3; ) {
			// Promises take several turns to tell each other.
			for (let turn = 0; turn < 10; turn++) await Promise.resolve();
			const moved = this.#lines.map(line => line.carry(this.now)).some(Boolean);
			quiet = moved ? 0 : quiet + 1;
		}
	}

	/** Lets time pass, and everything happen that is due meanwhile. */
	async pass(millis: number): Promise<void> {
		const end = this.now + millis;
		await this.run();
		for (;;) {
			const due = this.#timers.filter(timer => timer.due <= end).sort((a, b) => a.due - b.due)[0];
			if (due === undefined) break;
			this.#timers = this.#timers.filter(timer => timer !== due);
			this.now = Math.max(this.now, due.due);
			due.action();
			await this.run();
		}
		this.now = end;
	}

	/** The server's end of the latest connection goes away without a word. */
	drop(): void {
		this.#lines.at(-1)!.drop();
	}

	#open(target: TransportTarget, handler: TransportHandler): Transport {
		this.targets.push(target);
		const line = new TestLine(this, handler, this.#split, this.roadOf?.(target));
		const road = line.road;
		// Something must be due then for time to stop there.
		if (typeof road === "number") this.platform.after(road, () => undefined);
		this.#lines.push(line);
		return line;
	}
}

class TestLine implements Transport {
	backlog = 0;
	readonly #network: TestNetwork;
	readonly #handler: TransportHandler;
	readonly #split: Split;
	#server: TestServer | undefined;
	#written: Uint8Array[] = [];
	readonly road: TestRoad | undefined;
	readonly #startedAt: number;
	#state: "new" | "open" | "closing" | "closed" = "new";
	#isHeld = false;

	constructor(network: TestNetwork, handler: TransportHandler, split: Split, road: TestRoad | undefined) {
		this.road = road;
		this.#startedAt = network.now;
		this.#network = network;
		this.#handler = handler;
		this.#split = split;
	}

	write(slices: readonly Uint8Array[]): void {
		this.#written.push(...slices);
		for (const slice of slices) this.backlog += slice.length;
	}

	close(): void {
		if (this.#state === "open") this.#state = "closing";
	}

	destroy(): void {
		this.#state = "closed";
	}

	holdInput(isHeld: boolean): void {
		this.#network.holds.push(isHeld);
		this.#isHeld = isHeld;
	}

	drop(): void {
		this.#state = "closed";
		this.#handler.onClosed(undefined);
	}

	/** @returns whether anything happened */
	carry(now: number): boolean {
		const network = this.#network;
		if (this.#state === "new") {
			const road = this.road ?? ROADS[network.mode];
			if (road === "drop" || (typeof road === "number" && now < this.#startedAt + road)) return false;
			if (road === "refuse") {
				this.#state = "closed";
				this.#handler.onClosed(new Error("connection refused"));
				return true;
			}
			this.#state = "open";
			this.#server = new TestServer(network.answers, now);
			network.servers.push(this.#server);
			this.#handler.onOpen();
			return true;
		}
		if (this.#state === "closed" || network.isCut || network.isJammed || this.road === "mute") return false;
		const { link } = this.#server!.connection;
		const up = this.#written;
		this.#written = [];
		this.backlog = 0;
		for (const slice of up) for (const piece of this.#split(slice)) this.#server!.connection.receive(piece, now);
		const down = this.#isHeld ? [] : link.takeOutput();
		for (const slice of down) for (const piece of this.#split(slice)) this.#handler.onData(piece);
		if (up.length > 0) this.#handler.onDrain();
		if (this.#state === "closing" || (link.closed && down.length === 0)) {
			this.#state = "closed";
			link.close();
			this.#handler.onClosed(undefined);
			return true;
		}
		return up.length > 0 || down.length > 0;
	}
}

/** Cuts at places that look random but are the same each time. */
function scattered(): Split {
	let state = 12_345;
	return bytes => {
		const pieces: Uint8Array[] = [];
		for (let at = 0; at < bytes.length; ) {
			state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
			const end = Math.min(bytes.length, at + 1 + ((state >>> 16) % 700));
			pieces.push(bytes.subarray(at, end));
			at = end;
		}
		return pieces;
	};
}
