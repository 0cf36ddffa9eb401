import {
	closeAllPrograms,
	comparePackets,
	MediaLibrary,
	needEncoders,
	removeTempDirs,
	ServerProcess,
	type SkippableTest,
	TempDir,
} from "@millrace/testkit";
import { afterAll, describe, expect, test } from "vitest";
import { ClosedNetwork } from "./closed-network.ts";
import { readFlvTags } from "./flv-tag-reader.ts";
import { type HttpProxyKind, httpProxies, PROXY_PASSWORD, PROXY_PORT, PROXY_USER } from "./http-proxy.ts";
import { type Journey, type JourneyReport, travel } from "./journey.ts";
import { needMillrace } from "./suite-server.ts";

/** Only the proxy gets there. */
const SERVER = "10.77.4.1";
const PROXY = "10.77.8.8";
const PLACE = `${PROXY}:${PROXY_PORT}`;

const library = new MediaLibrary();
let network: ClosedNetwork | undefined;
let server: ServerProcess | undefined;

afterAll(async () => {
	await server?.stop();
	await closeAllPrograms();
	await network?.remove();
	removeTempDirs();
});

/** The network with its server, to which nobody gets but the proxy. */
async function prepare(context: SkippableTest): Promise<ClosedNetwork> {
	needMillrace(context, "RTMPT and RTMPS");
	if (network !== undefined) return network;
	const made = await ClosedNetwork.create(context, [{ to: SERVER, exceptFrom: PROXY }]);
	network = made;
	const listeners = [
		{ protocol: "rtmp" },
		{ protocol: "http" },
		{ host: SERVER, port: 1935, protocols: ["rtmp"] },
		{ host: SERVER, port: 80, protocols: ["http"] },
		{ host: SERVER, port: 443, protocols: ["rtmps", "https"] },
	];
	const settings = [`listeners=${JSON.stringify(listeners)}`, "tls.selfSigned=true", "publish.from=anywhere"];
	server = await ServerProcess.start({ prefix: made.prefix, args: settings.flatMap(each => ["--set", each]) });
	return made;
}

/** Makes journeys through a proxy that runs as long. */
async function through(
	kind: HttpProxyKind,
	context: SkippableTest,
	journeys: readonly Journey[],
): Promise<JourneyReport[]> {
	kind.need(context);
	const inside = await prepare(context);
	const dir = new TempDir("proxy");
	const program = await kind.start(inside.prefix, PROXY, dir);
	try {
		return await travel(inside, { listeners: [], journeys, atOnce: false });
	} finally {
		await program.stop();
		dir.remove();
	}
}

function proxyUrl(credentials = `${PROXY_USER}:${encodeURIComponent(PROXY_PASSWORD)}@`): string {
	return `http://${credentials}${PLACE}`;
}

/** Of a race, which by HTTP and which by TLS wins is a matter of milliseconds. */
const ROADS: readonly (readonly [url: string, proxyType: string, protocol: RegExp, proxy: RegExp])[] = [
	// The direct roads of the race lead nowhere.
	[`rtmp://${SERVER}/live`, "none", /^rtmpts?$/, /^(HTTP|CONNECT)$/],
	[`rtmp://${SERVER}/live`, "best", /^rtmps?$/, /^CONNECT$/],
	[`rtmp://${SERVER}/live`, "CONNECTOnly", /^rtmps?$/, /^CONNECT$/],
	[`rtmp://${SERVER}/live`, "HTTP", /^rtmpts?$/, /^(HTTP|CONNECT)$/],
	[`rtmpe://${SERVER}:1935/live`, "CONNECTOnly", /^rtmpe$/, /^CONNECT$/],
	[`rtmpt://${SERVER}/live`, "none", /^rtmpt$/, /^HTTP$/],
	[`rtmpte://${SERVER}/live`, "none", /^rtmpte$/, /^HTTP$/],
	[`rtmps://${SERVER}/live`, "CONNECTOnly", /^rtmps$/, /^CONNECT$/],
	[`rtmpts://${SERVER}/live`, "none", /^rtmpts$/, /^CONNECT$/],
];

describe.each(httpProxies.map(kind => [kind.name, kind] as const))("through %s", (_name, kind) => {
	const proxy = kind.authentication === "none" ? proxyUrl("") : proxyUrl();

	test("the client publishes and plays by each road, packet for packet", { timeout: 120_000 }, async context => {
		await needEncoders(context, "libx264", "aac");
		const media = await library.file("h264-aac");
		const dir = new TempDir("through");
		const files = ROADS.map((_, at) => dir.file(`${at}.flv`));
		const journeys = ROADS.map(
			([url, proxyType], at): Journey => ({ url, proxyType, proxy, media: { from: media, to: files[at]! } }),
		);
		const reports = await through(kind, context, journeys);
		expect(reports.map(({ code, protocol, proxy: used, text }) => [code, protocol, used, text])).toEqual(
			ROADS.map(([, , protocol, used]) => {
				return ["NetConnection.Connect.Success", expect.stringMatching(protocol), expect.stringMatching(used), ""];
			}),
		);
		const sent = readFlvTags(media).frames;
		for (const file of files) comparePackets(sent, readFlvTags(file).frames);
		dir.remove();
	});
});

const asking = httpProxies.filter(({ authentication }) => authentication !== "none");

test.for(asking.map(kind => [kind.name, kind] as const))(
	"wrong credentials, and none, are named: %s",
	async ([, kind], context) => {
		const reports = await through(kind, context, [
			{ url: `rtmp://${SERVER}/live`, proxyType: "CONNECTOnly", proxy: proxyUrl(`${PROXY_USER}:no@`) },
			{ url: `rtmp://${SERVER}/live`, proxyType: "CONNECTOnly", proxy: proxyUrl("") },
			{ url: `rtmpt://${SERVER}/live`, proxy: proxyUrl(`${PROXY_USER}:no@`) },
			{ url: `rtmpt://${SERVER}/live`, proxy: proxyUrl("") },
		]);
		const [wrong, none] = ["does not take the user or the password", "asks for a user and a password"];
		for (const [at, reason] of [wrong, none, wrong, none].entries()) {
			expect(reports[at]!.code).toBe("NetConnection.Connect.Failed");
			// It ends connections with a body that it has not read, and that reset may overtake its answer.
			if (kind.readsBodies || at < 2) expect(reports[at]!.text).toContain(`The proxy ${PLACE} ${reason}`);
		}
	},
);
