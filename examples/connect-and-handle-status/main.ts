/*
 * The sample of the ActionScript 3 documentation that connects to a server and handles each status, nearly line by
 * line: `var` is `const`, and types stand where TypeScript has them.
 */
import { NetConnection, NetStatusEvent } from "@millrace/client";

const trace = console.log;
const address = process.argv[2] ?? "rtmp://localhost/live";

const nc = new NetConnection();
nc.addEventListener(NetStatusEvent.NET_STATUS, netStatusHandler);
nc.connect(address);

function netStatusHandler(event: NetStatusEvent): void {
	trace(`event.info.level: ${event.info.level}`);
	trace(`event.info.code: ${event.info.code}`);
	switch (event.info.code) {
		case "NetConnection.Connect.Success":
			trace("Congratulations! you're connected");
			// This is where a program would make its NetStream objects.
			nc.close();
			break;
		case "NetConnection.Connect.Rejected":
			trace("Oops! the connection was rejected");
			trace(event.info.description);
			process.exitCode = 1;
			break;
		case "NetConnection.Connect.Failed":
			trace("The server may be down or unreachable");
			trace(event.info.description);
			process.exitCode = 1;
			break;
		case "NetConnection.Connect.Closed":
			trace("The connection was closed");
			break;
	}
}
