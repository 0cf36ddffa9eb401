import { VirtualClock } from "@millrace/testkit";
import type { ClientPlatform, Transport, TransportHandler } from "../packages/client/src/connect/index.ts";
// Straight from its file: the package's entry is that of Node.
import { NetConnection } from "../packages/client/src/net-connection.ts";
import type {
	Admission,
	ApplicationHost,
	PortEffect,
	PortEvent,
	PortListener,
} from "../packages/server/src/app/index.ts";
import { directoryOf } from "../packages/server/src/app/instance-fixture.ts";
import { resolveOptions } from "../packages/server/src/config/index.ts";
import { liveOptions } from "../packages/server/src/hub/hub-fixture.ts";
import { Hub, type LiveStream } from "../packages/server/src/hub/index.ts";
import { PlayerSchedule } from "../packages/server/src/library/index.ts";
import { silentLog } from "../packages/server/src/log/index.ts";
import type { Wire, WireHandler } from "../packages/server/src/net/index.ts";
import { type BandwidthRules, RtmpPeer } from "../packages/server/src/rtmp/index.ts";

/** A line between a client and its peer. */
export type LineOptions = {
	/** Kilobits a second, of each direction. */
	readonly kbit?: number;
	/** Round trip in milliseconds. */
	readonly latency?: number;
	readonly bandwidth?: BandwidthRules;
	/** How the application lets the client in. */
	readonly admission?: Admission;
	/** Calls that the application handles although the server could. */
	readonly handles?: readonly string[];
	/** Methods of the client from the beginning. */
	readonly client?: object;
};

/** Peers and clients of the library, joined by lines of a speed, on one clock; and an application that the test plays. */
export class LineFixture implements ApplicationHost {
	readonly clock = new VirtualClock(1000);
	readonly hub = new Hub(this.clock, { onViewerSkipped() {} });
	readonly schedule = new PlayerSchedule(this.clock);
	/** What the application was told, but for what it is asked by every client. */
	readonly events: PortEvent[] = [];
	readonly peers: RtmpPeer[] = [];
	/** What is done each step of time. */
	readonly steps = new Set<() => void>();
	#listener: PortListener | undefined;
	#admission: Admission = {};
	#handles: readonly string[] = [];
	readonly #instances = directoryOf(this);

	open(_application: string, _instance: string, listener: PortListener) {
		this.#listener = listener;
		return {
			send: (event: PortEvent): void => {
				if (event.kind === "connect") {
					this.do({ kind: "handles", names: this.#handles });
					this.do({ kind: "accept", client: event.client.id, ...this.#admission });
				} else if (event.kind === "play" || event.kind === "publish") {
					this.do({ kind: "allow", client: event.client, request: event.request });
				} else this.events.push(event);
			},
			answer() {},
			close() {},
		};
	}

	do(...effects: PortEffect[]): void {
		this.#listener?.onEffects(effects, Number.POSITIVE_INFINITY);
	}

	/** A client that is connected, and its peer. */
	async connect(options: LineOptions = {}): Promise<{ nc: NetConnection; peer: RtmpPeer; line: Line }> {
		const lines: Line[] = [];
		this.#admission = options.admission ?? {};
		this.#handles = options.handles ?? [];
		const platform: ClientPlatform = {
			open: (_target, handler) => {
				const line = new Line(this, handler, options);
				lines.push(line);
				return line;
			},
			now: this.clock.now,
			after: (millis, action) => this.clock.schedule(millis, action),
			random: count => new Uint8Array(count).fill(7),
			warn: () => undefined,
			openGateway: () => {
				throw new Error("There is no gateway here.");
			},
		};
		const nc = new NetConnection(platform);
		if (options.client !== undefined) nc.client = options.client;
		nc.connect("rtmp://host:1935/live");
		await this.until(() => nc.connected);
		return { nc, line: lines[0]!, peer: this.peers.at(-1)! };
	}

	peer(wire: (handler: WireHandler) => Wire, bandwidth: BandwidthRules | undefined): void {
		const { rtmp, limits } = resolveOptions({});
		const peer = new RtmpPeer(
			`c${this.peers.length + 1}`,
			wire,
			{ protocol: "rtmp", secure: false },
			{
				rejection: () => undefined,
				hub: this.hub,
				instances: this.#instances,
				log: { ...silentLog, child: () => silentLog },
				connection: { ...rtmp, limits },
				encryption: false,
				schedule: this.schedule,
				now: this.clock.now,
				random: count => new Uint8Array(count),
				application: () => ({
					live: liveOptions({ viewerQueue: { maxBytes: 1e6, maxMillis: 3000, closeAfterMillis: 30_000 } }),
					mayPublish: () => ({ allowed: true, identity: "test" }) as never,
					...(bandwidth && { bandwidth }),
				}),
				describe: () => "",
			},
			() => {},
		);
		this.peers.push(peer);
	}

	get live(): LiveStream {
		return this.hub.open("live\n_definst_\ncam", liveOptions());
	}

	/** Lets time pass, and everything happen that is due meanwhile. */
	async pass(millis: number): Promise<void> {
		for (const end = this.clock.now() + millis; this.clock.now() < end; ) await this.#step();
	}

	/** Lets time pass until something holds, a minute at most. */
	async until(condition: () => boolean): Promise<void> {
		for (let i = 0; !condition(); i++) {
			if (i > 60_000) throw new Error("It did not come to pass.");
			await this.#step();
		}
	}

	async #step(): Promise<void> {
		this.clock.advance(1);
		const now = this.clock.now();
		for (const step of this.steps) step();
		for (const peer of this.peers) peer.checkTimeouts(now);
		// Promises take several turns to tell each other.
		for (let turn = 0; turn < 5; turn++) await Promise.resolve();
	}
}

/** A line of a speed and a round trip: what is written takes its time, one after the other, in each direction. */
export class Line implements Transport {
	readonly backlog = 0;
	/** Bytes that arrived at the client, and that the peer has read. */
	bytesDown = 0;
	bytesUp = 0;
	readonly #fixture: LineFixture;
	readonly #bytesPerMilli: number;
	readonly #delay: number;
	readonly #freeAt = { up: 0, down: 0 };
	#peer!: WireHandler;
	#isPaused = false;
	#waiting: Uint8Array[] = [];

	constructor(fixture: LineFixture, handler: TransportHandler, options: LineOptions) {
		const { kbit = 1e6, latency = 2 } = options;
		this.#fixture = fixture;
		this.#bytesPerMilli = kbit / 8;
		this.#delay = latency / 2;
		let bytesWritten = 0;
		const wire: Wire = {
			backlog: 0,
			isSpent: false,
			remoteAddress: "192.0.2.1",
			get bytesWritten() {
				return bytesWritten;
			},
			write: bytes => {
				bytesWritten += bytes.length;
				this.#carry("down", bytes, () => {
					this.bytesDown += bytes.length;
					handler.onData(bytes);
				});
			},
			notifyDrain: () => undefined,
			pause: () => {
				this.#isPaused = true;
			},
			resume: () => {
				this.#isPaused = false;
				for (const bytes of this.#waiting.splice(0)) this.#arrive(bytes);
			},
			end: () => this.#carry("down", new Uint8Array(0), () => handler.onClosed(undefined)),
			destroy: () => this.#carry("down", new Uint8Array(0), () => handler.onClosed(undefined)),
		};
		fixture.peer(given => {
			this.#peer = given;
			return wire;
		}, options.bandwidth);
		fixture.clock.schedule(0, () => handler.onOpen());
	}

	write(slices: readonly Uint8Array[]): void {
		for (const slice of slices) this.#carry("up", slice, () => this.#arrive(slice));
	}

	close(): void {
		this.#carry("up", new Uint8Array(0), () => this.#peer.onWireClosed(undefined));
	}

	destroy(): void {
		this.close();
	}

	/** The operating system keeps what comes while nobody reads. */
	#arrive(bytes: Uint8Array): void {
		if (this.#isPaused) {
			this.#waiting.push(bytes);
			return;
		}
		this.bytesUp += bytes.length;
		this.#peer.onWireData?.(bytes);
	}

	#carry(direction: "up" | "down", bytes: Uint8Array, arrive: () => void): void {
		const { clock } = this.#fixture;
		const start = Math.max(clock.now(), this.#freeAt[direction]);
		const sent = start + bytes.length / this.#bytesPerMilli;
		this.#freeAt[direction] = sent;
		clock.schedule(sent + this.#delay - clock.now(), arrive);
	}
}
