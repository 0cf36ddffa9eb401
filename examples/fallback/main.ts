/*
 * Getting through a firewall, as the old samples did with a list of connections and a timer: here the connection has
 * the list. Without a port all roads are raced; with the name of a published rule that one is followed.
 */
import { FALLBACK_RULES, type FallbackName, NetConnection, type Road } from "@millrace/client";

const trace = console.log;
const [address = "rtmp://localhost/live", rule = "racing", ports] = process.argv.slice(2);
if (!Object.hasOwn(FALLBACK_RULES, rule)) throw new Error(`The rules are ${Object.keys(FALLBACK_RULES).join(", ")}.`);

// Other ports than the rule's, for servers that have moved.
const chosen = FALLBACK_RULES[rule as FallbackName];
const roads = ports?.split(",").map((port): Road => ({ protocol: "rtmp", port: Number(port) }));
const nc = new NetConnection({
	fallback: { ...chosen, roads: roads ?? chosen.roads },
	onAttempt: ({ startMillis, protocol, port, outcome, reason = "" }) =>
		trace(`${Math.round(startMillis)} ms ${protocol} ${port} ${outcome} ${reason}`.trimEnd()),
});
nc.onStatus = info => {
	trace(`${info.level} ${info.code}`);
	if (info.code === "NetConnection.Connect.Success") {
		trace(`protocol ${nc.protocol}, proxy ${nc.connectedProxyType}, TLS ${nc.usingTLS}`);
		nc.close();
	} else if (info.level === "error") process.exitCode = 1;
};
if (!nc.connect(address)) trace(`${address} is no address`);
