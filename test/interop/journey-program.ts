import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createWebServer } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import { NetConnection, NetStatusError, NetStream, RememberedRoads } from "@millrace/client";
import { passMedia } from "./client-media.ts";
import type { Journey, JourneyOrder, JourneyReport, OddListener } from "./journey.ts";

const [orderFile, reportFile] = process.argv.slice(2);
const { listeners, journeys, atOnce } = JSON.parse(readFileSync(orderFile!, "utf8")) as JourneyOrder;
for (const listener of listeners) await listen(listener);
const reports: JourneyReport[] = [];
if (atOnce) reports.push(...(await Promise.all(journeys.map(travel))));
else for (const journey of journeys) reports.push(await travel(journey));
writeFileSync(reportFile!, JSON.stringify(reports));
process.exit(0);

async function travel({ url, args = [], proxyType, play, media, ...rest }: Journey): Promise<JourneyReport> {
	// Nobody learns from the others which road leads on.
	const nc = new NetConnection({ ...rest, memory: new RememberedRoads(), tls: { rejectUnauthorized: false } });
	if (proxyType !== undefined) nc.proxyType = proxyType;
	const begun = performance.now();
	const report = (code: string, text = ""): JourneyReport => {
		const { protocol, connectedProxyType, attempts } = nc;
		return { code, text, protocol, proxy: connectedProxyType, millis: performance.now() - begun, attempts };
	};
	try {
		await nc.connectAsync(url, ...args);
		const connected = report("NetConnection.Connect.Success");
		if (play !== undefined) await new NetStream(nc).playAsync(play);
		if (media !== undefined) await passMedia(nc, nc, `through`, media);
		return connected;
	} catch (error) {
		if (!(error instanceof NetStatusError)) throw error;
		return report(error.code, error.message);
	} finally {
		nc.close();
	}
}

async function listen({ host, port, kind, millis = 0, to }: OddListener): Promise<void> {
	const server: Server =
		kind === "web"
			? createWebServer((_request, response) => response.writeHead(404).end("<h1>There is no such page</h1>"))
			: createServer(socket => {
					socket.on("error", () => undefined);
					if (kind === "slow") setTimeout(() => passOn(socket, connect(port, to!)), millis);
				});
	await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
}

function passOn(from: Socket, to: Socket): void {
	to.on("error", () => from.destroy());
	from.on("close", () => to.destroy());
	from.pipe(to).pipe(from);
}
