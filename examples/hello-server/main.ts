/* The client of the HelloServer sample: connects with a name and tells of everything that happens to its connection. */
import { NetConnection, NetStatusEvent } from "@millrace/client";
import type { RemoteMethods } from "millrace/app";
import type app from "./applications/hello/main.ts";

const [address = "rtmp://localhost/hello", name = ""] = process.argv.slice(2);

const nc = new NetConnection();
nc.client = {
	serverMessage: (text: string) => console.log(`the server says: ${text}`),
	lastWords: (text: string) => console.log(`the server's last words: ${text}`),
};
const closed = new Promise<void>(resolve => {
	nc.addEventListener(NetStatusEvent.NET_STATUS, ({ info }) => {
		console.log(info.code);
		if (info.code === "NetConnection.Connect.Rejected") console.log(info.description, info["application"]);
		if (info.code === "NetConnection.Connect.Closed") resolve();
	});
});

try {
	await nc.connectAsync(address, name);
	const server = nc.remote<RemoteMethods<typeof app>>();
	const { protocol, clients } = await server.whoAmI();
	console.log(`connected by ${protocol}, with ${clients === 1 ? "nobody" : clients - 1} beside me`);
	// Its answer never comes: the server ends the connection instead.
	await server.goodbye().catch(() => {});
	await closed;
} catch {
	// Rejected: that was told above.
	process.exitCode = 1;
}
