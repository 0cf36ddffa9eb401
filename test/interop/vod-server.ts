import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { DefaultApplicationHost } from "../../packages/server/src/app/index.ts";
import { directoryOf } from "../../packages/server/src/app/instance-fixture.ts";
import { resolveOptions } from "../../packages/server/src/config/index.ts";
import { liveOptions } from "../../packages/server/src/hub/hub-fixture.ts";
import { Hub } from "../../packages/server/src/hub/index.ts";
import { MediaLibrary, PlayerSchedule } from "../../packages/server/src/library/index.ts";
import { silentLog } from "../../packages/server/src/log/index.ts";
import { SocketWire } from "../../packages/server/src/net/index.ts";
import { RtmpPeer } from "../../packages/server/src/rtmp/index.ts";
import { systemClock } from "../../packages/server/src/system-clock.ts";

/** A server in this process that plays the files of a folder over RTMP, and notes the commands that come. */
export class VodServer {
	readonly port: number;
	/** Events of the log: `play`, `stop`, `play-failed`, `disconnect`. */
	readonly events: string[];
	readonly #server: Server;
	readonly #peers: Set<RtmpPeer>;

	private constructor(server: Server, peers: Set<RtmpPeer>, events: string[]) {
		this.#server = server;
		this.#peers = peers;
		this.events = events;
		this.port = (server.address() as AddressInfo).port;
	}

	/** @param folder holds `vod/media`, the files of the application `vod` */
	static async start(folder: string): Promise<VodServer> {
		const { rtmp, limits } = resolveOptions({});
		const events: string[] = [];
		const note = (event: string) => void events.push(event);
		const log = { ...silentLog, info: note, warn: note, error: note, child: () => log };
		const context = {
			hub: new Hub(systemClock, { onViewerSkipped() {} }),
			instances: directoryOf(new DefaultApplicationHost()),
			log,
			connection: { ...rtmp, limits },
			encryption: rtmp.encryption,
			catalog: new MediaLibrary({ applicationsFolder: folder }),
			schedule: new PlayerSchedule(systemClock),
			now: systemClock.now,
			random: (count: number) => randomBytes(count),
			application: () => ({
				live: liveOptions(),
				mayPublish: () => ({ allowed: false, reason: "key-missing", identity: undefined, description: "" }) as const,
			}),
			rejection: () => undefined,
			describe: () => "",
		};
		const peers = new Set<RtmpPeer>();
		const transport = { protocol: "rtmp", secure: false };
		const server = createServer(socket => {
			const gone = (peer: RtmpPeer) => void peers.delete(peer);
			peers.add(new RtmpPeer(`c${peers.size}`, handler => new SocketWire(socket, handler), transport, context, gone));
		});
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		return new VodServer(server, peers, events);
	}

	url(name: string): string {
		return `rtmp://127.0.0.1:${this.port}/vod/${name}`;
	}

	async stop(): Promise<void> {
		for (const peer of this.#peers) peer.destroy();
		this.#server.close();
		await once(this.#server, "close");
	}
}
