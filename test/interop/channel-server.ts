import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { DefaultApplicationHost, StreamName } from "../../packages/server/src/app/index.ts";
import { directoryOf } from "../../packages/server/src/app/instance-fixture.ts";
import { resolveOptions } from "../../packages/server/src/config/index.ts";
import { liveOptions } from "../../packages/server/src/hub/hub-fixture.ts";
import { Hub } from "../../packages/server/src/hub/index.ts";
import { MediaLibrary, PlayerSchedule, Recorder } from "../../packages/server/src/library/index.ts";
import { recordSettings } from "../../packages/server/src/library/recording/recording-fixture.ts";
import { silentLog } from "../../packages/server/src/log/index.ts";
import { SocketWire } from "../../packages/server/src/net/index.ts";
import { RtmpPeer } from "../../packages/server/src/rtmp/index.ts";
import { type ApplicationStreams, StreamDirectory } from "../../packages/server/src/stream/index.ts";
import { systemClock } from "../../packages/server/src/system-clock.ts";
import { sleep } from "./suite-server.ts";

const APPLICATION = "channel";

/** A server in this process with the application `channel`, whose streams the test plays into as the application would. */
export class ChannelServer {
	readonly streams: ApplicationStreams;
	/** What streams were told: `one Play.Start`. */
	readonly statuses: string[] = [];
	/** Called with each status. */
	onStatus: ((stream: string, code: string) => void) | undefined;
	readonly #hub = new Hub(systemClock, { onViewerSkipped() {} });
	readonly #directory: StreamDirectory;
	readonly #library: MediaLibrary;
	readonly #server: Server;
	readonly #peers = new Set<RtmpPeer>();

	/** @param folder the folder of the applications: files are played from `channel/media`, and recorded below `channel/streams` */
	constructor(folder: string) {
		const { rtmp, limits } = resolveOptions({});
		this.#library = new MediaLibrary({ applicationsFolder: folder });
		const recorder = new Recorder({ folder, clock: systemClock, log: silentLog });
		const schedule = new PlayerSchedule(systemClock);
		this.#directory = new StreamDirectory({
			hub: this.#hub,
			clock: systemClock,
			schedule,
			recorder,
			library: this.#library,
			log: silentLog,
			application: () => ({ live: liveOptions(LIVE), record: recordSettings({ sync: false }) }),
		});
		this.streams = this.#directory.open(APPLICATION, "_definst_", (stream, { code }) => {
			const name = code.replace("NetStream.", "");
			this.statuses.push(`${stream} ${name}`);
			this.onStatus?.(stream, name);
		});
		const context = {
			hub: this.#hub,
			instances: directoryOf(new DefaultApplicationHost()),
			log: silentLog,
			connection: { ...rtmp, limits },
			encryption: false,
			catalog: this.#library,
			schedule,
			now: systemClock.now,
			random: (count: number) => randomBytes(count),
			application: () => ({
				live: liveOptions(LIVE),
				mayPublish: () => ({ allowed: true, reason: "anywhere", identity: "anyone", description: "" }) as const,
			}),
			rejection: () => undefined,
			describe: () => "",
		};
		const transport = { protocol: "rtmp", secure: false };
		this.#server = createServer(socket => {
			const gone = (peer: RtmpPeer) => void this.#peers.delete(peer);
			const wire = (handler: ConstructorParameters<typeof SocketWire>[1]) => new SocketWire(socket, handler);
			this.#peers.add(new RtmpPeer(`c${this.#peers.size}`, wire, transport, context, gone));
		});
	}

	async start(): Promise<void> {
		this.#server.listen(0, "127.0.0.1");
		await once(this.#server, "listening");
	}

	rtmpUrl(path: string): string {
		return `rtmp://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${APPLICATION}/${path}`;
	}

	/** Players of a stream. */
	viewers(name: string): number {
		return this.#hub.find(new StreamName(APPLICATION, "_definst_", name).key)?.viewerCount ?? 0;
	}

	/** Waits until a status has been told so many times. */
	async waitForStatus(status: string, times = 1): Promise<void> {
		for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
			if (this.statuses.filter(each => each === status).length >= times) return;
			await sleep(20);
		}
		throw new Error(`${status} did not come, only ${this.statuses.join(", ")}`);
	}

	async stop(): Promise<void> {
		await this.#directory.stop();
		this.#hub.stop();
		for (const peer of this.#peers) peer.destroy();
		this.#library.close();
		this.#server.close();
		await once(this.#server, "close");
	}
}

/** Bounds beyond what a loaded machine that starts a program late could fall behind. */
const LIVE = {
	gopCache: { enabled: true, maxBytes: 10_000_000, maxMillis: 60_000 },
	viewerQueue: { maxBytes: 10_000_000, maxMillis: 60_000, closeAfterMillis: 60_000 },
};
