import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { NetConnection, type NodeConnectionOptions, RememberedRoads, type RoadProtocol } from "@millrace/client";
import {
	closeAllPrograms,
	comparePackets,
	freePort,
	MediaLibrary,
	needEncoders,
	removeTempDirs,
	ServerProcess,
	TempDir,
} from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { passMedia } from "./client-media.ts";
import { readFlvTags } from "./flv-tag-reader.ts";
import { needMillrace } from "./suite-server.ts";

const ROADS = ["rtmp", "rtmpe", "rtmps", "rtmpt", "rtmpte", "rtmpts", "ws", "wss"] as const;

const library = new MediaLibrary();
const dir = new TempDir("client-road");
let server: ServerProcess | undefined;
let ports: Readonly<Record<RoadProtocol, number>>;
let onePort: number;

beforeAll(async () => {
	const [rtmp, rtmps, http, https] = [await freePort(), await freePort(), await freePort(), await freePort()];
	onePort = await freePort();
	ports = { rtmp, rtmpe: rtmp, rtmps, rtmpt: http, rtmpte: http, rtmpts: https, ws: http, wss: https };
	const own = { rtmp, rtmps, http, https };
	const listeners = [
		...[{ protocol: "rtmp" }, { protocol: "http" }, { port: onePort, protocols: ["all"] }],
		...Object.entries(own).map(([protocol, port]) => ({ port, protocols: [protocol] })),
	];
	const settings = [`listeners=${JSON.stringify(listeners)}`, "tls.selfSigned=true"];
	server = await ServerProcess.start({ args: settings.flatMap(each => ["--set", each]) });
	// Node's own WebSocket takes no settings of TLS: to it the certificate must be known.
	const certificate = readFileSync(join(server.place.dataDir, "tls-certificate.pem"), "utf8");
	setDefaultCACertificates([...getCACertificates(), certificate]);
});

afterAll(async () => {
	await server?.stop();
	await closeAllPrograms();
	dir.remove();
	removeTempDirs();
});

async function connected(url: string, options: NodeConnectionOptions = {}): Promise<NetConnection> {
	const nc = new NetConnection({
		proxy: false,
		memory: new RememberedRoads(),
		...options,
	});
	await nc.connectAsync(url);
	return nc;
}

describe.each(["each on a port of its own", "all on one port"] as const)("%s", where => {
	const portOf = (road: RoadProtocol): number => (where === "all on one port" ? onePort : ports[road]);

	test.for(ROADS.map((road, at) => [road, at] as const))(
		"what the client publishes by %s it plays by that and by another road, packet for packet",
		async ([road, at], context) => {
			needMillrace(context, "every road");
			await needEncoders(context, "libx264", "aac");
			const media = await library.file("h264-bframes-aac");
			const other = ROADS[(at + 3) % ROADS.length]!;
			const publisher = await connected(`${road}://127.0.0.1:${portOf(road)}/live`);
			try {
				for (const playing of [road, other]) {
					const player = await connected(`${playing}://127.0.0.1:${portOf(playing)}/live`);
					expect([publisher.protocol, player.protocol]).toEqual([road, playing]);
					const to = dir.file(`${portOf(road)}-${road}-${playing}.flv`);
					await passMedia(publisher, player, `${road}-${playing}-${portOf(road)}`, { from: media, to });
					comparePackets(readFlvTags(media).frames, readFlvTags(to).frames);
					player.close();
				}
			} finally {
				publisher.close();
			}
		},
	);
});
