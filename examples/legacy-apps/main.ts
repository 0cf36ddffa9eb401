/*
 * Calls applications of the old server as encoders and players of its time do: publishes through each of them, and
 * prints what they answer.
 */
import { NetConnection, type NetStatusEvent, NetStream, publishMedia, readFlvFile } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";

const [file, server = "rtmp://localhost", seconds = "2"] = process.argv.slice(2);
if (file === undefined) {
	console.error("usage: main.ts FILE.flv [rtmp://host] [seconds]");
	process.exit(2);
}

await visit("live", async nc => {
	console.log(`live: page ${await nc.callAsync("getPageUrl")}`);
	await publish(nc, "cam");
});
await visit("livepkgr", nc => publish(nc, "show?adbe-live-event=evening&adbe-record-mode=record"));
await visit("vod", async nc => {
	console.log(`vod: film of ${await nc.callAsync("getStreamLength", "film")} s`);
	await publish(nc, "film");
});
await visit("dvrcast", async nc => {
	tell("dvrcast", "DVRGetStreamInfo", await nc.callAsync("DVRGetStreamInfo", "match"));
	tell("dvrcast", "DVRSetStreamInfo", await nc.callAsync("DVRSetStreamInfo", { streamName: "match", append: false }));
	await publish(nc, "match");
	tell("dvrcast", "DVRGetStreamInfo", await nc.callAsync("DVRGetStreamInfo", "match"));
});
await visit("gate", nc => publish(nc, "studio?key=wrong"));
await visit("gate", nc => publish(nc, "studio?key=change-me"));

/** Connects to an application as an encoder, and tells what it calls. */
async function visit(name: string, action: (nc: NetConnection) => Promise<void>): Promise<void> {
	const nc = new NetConnection({ flashVersion: "FMLE/3.0 (compatible; example)" });
	nc.objectEncoding = 0;
	nc.client = {
		onBWDone: () => console.log(`${name}: onBWDone`),
		onFCPublish: (info: AmfValue) => tell(name, "onFCPublish", info),
		onFCUnpublish: (info: AmfValue) => tell(name, "onFCUnpublish", info),
	};
	nc.addEventListener("netStatus", ({ info }: NetStatusEvent) => console.log(`${name}: ${info.code}`));
	try {
		await nc.connectAsync(`${server}/${name}`);
		await action(nc);
	} finally {
		nc.close();
	}
}

/** Publishes the file for some seconds, with the calls that encoders make about it. */
async function publish(nc: NetConnection, name: string): Promise<void> {
	const ns = new NetStream(nc);
	nc.call("releaseStream", null, name);
	nc.call("FCPublish", null, name);
	try {
		console.log(`publish ${name}: ${(await ns.publishAsync(name)).code}`);
		const signal = AbortSignal.timeout(Number(seconds) * 1000);
		await publishMedia(ns, () => readFlvFile(file!), { loop: true, signal });
		nc.call("FCUnpublish", null, name);
		ns.close();
		// What the application says about the end comes behind it.
		if (nc.connected) await nc.callAsync("getPageUrl").catch(() => undefined);
	} catch (error) {
		console.log(`publish ${name}: ${(error as Error).message}`);
	} finally {
		ns.close();
	}
}

function tell(name: string, method: string, info: AmfValue): void {
	console.log(`${name}: ${method} ${(info as { code?: string }).code}`);
}
