/*
 * The documented way of ActionScript 1 and 2 to reach a server behind firewalls: a list of ports that are tried one
 * after another. Each address names its port, so each is one attempt; on `NetConnection.Connect.Failed` a timer starts
 * the next one.
 */
import { NetConnection } from "@millrace/client";

const trace = console.log;
const [address = "rtmp://localhost/live", ports = "1935,80,443,8080,7070"] = process.argv.slice(2);
const [, host, application] = /^rtmp:\/\/([^/:]+)[^/]*\/(.*)$/.exec(address) ?? [];

const portList = ports.split(",");
let index = 0;
let interval: NodeJS.Timeout | undefined;

const nc = new NetConnection();
nc.onStatus = info => {
	trace(`${info.level} ${info.code}`);
	if (info.code === "NetConnection.Connect.Success") {
		trace(`connected to ${nc.uri}`);
		nc.close();
	} else if (info.code === "NetConnection.Connect.Failed") {
		index++;
		if (index < portList.length) interval = setInterval(tryNextPort, 100);
		else {
			trace("no port leads to the server");
			process.exitCode = 1;
		}
	}
};

function tryNextPort(): void {
	clearInterval(interval);
	const url = `rtmp://${host}:${portList[index]}/${application}`;
	trace(`trying ${url}`);
	if (!nc.connect(url)) trace(`${url} is no address`);
}

tryNextPort();
