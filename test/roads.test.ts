import { NetConnection } from "@millrace/client";
import { removeTempDirs, TempDir } from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServer, type MillraceServer } from "../packages/server/src/index.ts";
import type { EventLog, LogFields } from "../packages/server/src/log/index.ts";

/** The protocols of addresses, and what the server calls a client that came so. wss needs a certificate that Node trusts. */
const ROADS = ["rtmp", "rtmps", "rtmpe", "rtmpt", "rtmpts", "rtmpte", "ws"] as const;

/** One port on which every road is taken, with an application for each that is open to it alone. */
describe("one port, by our own client", () => {
	let server: MillraceServer;
	const connects: LogFields[] = [];

	beforeAll(async () => {
		server = createServer(
			{
				listeners: [{ host: "127.0.0.1", port: 0 }],
				dataDir: new TempDir("roads").path,
				tls: { selfSigned: true },
				applications: {
					live: {},
					...Object.fromEntries(ROADS.map(road => [`by-${road}`, { protocols: [road] }])),
				},
			},
			{ log: logOf({}) },
		);
		await server.start();
	});

	afterAll(async () => {
		await server.stop();
		removeTempDirs();
	});

	function logOf(own: LogFields): EventLog {
		const take = (event: string, fields: LogFields = {}): void => {
			if (event === "connect") connects.push({ ...own, ...fields });
		};
		return {
			debug: take,
			info: take,
			warn: take,
			error: take,
			child: fields => logOf({ ...own, ...fields }),
			enabled: () => true,
		};
	}

	async function outcomeOf(
		road: string,
		application: string,
	): Promise<{ readonly code: string; readonly nc: NetConnection }> {
		const nc = new NetConnection({ tls: { rejectUnauthorized: false }, proxy: false });
		const code = await new Promise<string>(resolve => {
			nc.onStatus = info => resolve(info.code);
			nc.connect(`${road}://127.0.0.1:${server.addresses[0]!.port}/${application}`);
		});
		return { code, nc };
	}

	it.each(ROADS)("%s leads there, and both ends know it by that name", async road => {
		connects.length = 0;
		const { code, nc } = await outcomeOf(road, "live");
		expect(code).toBe("NetConnection.Connect.Success");
		expect([nc.protocol, nc.usingTLS, nc.connectedProxyType]).toEqual([road, /s$/.test(road) && road !== "ws", "none"]);
		expect(connects.at(-1)).toMatchObject({ application: "live", protocol: road });
		nc.close();
	});

	it.each(ROADS)("an application that is open to %s alone refuses the others", async only => {
		for (const road of ROADS) {
			const { code, nc } = await outcomeOf(road, `by-${only}`);
			expect([road, code]).toEqual([road, `NetConnection.Connect.${road === only ? "Success" : "Rejected"}`]);
			nc.close();
		}
	});
});
