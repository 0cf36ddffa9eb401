import type { ImportTarget } from "./import-target.ts";
import {
	decide,
	none,
	numberOf,
	type OldSetting,
	type Outcome,
	type SettingRow,
	same,
	take,
	takenWith,
	unset,
} from "./setting-row.ts";
import { STREAM_FOLDER_SETTINGS } from "./stream-folder-setting.ts";

const ONE_TIME = "`rtmp.idleClientMillis` holds for all hosts and applications; it is taken from `Server.xml`.";
const EDGE =
	"The server is not configured as an edge: a player names the origin behind its own, `rtmp://edge/?rtmp://origin/app`.";
const CEILING = "The server's own `limits` bound what all clients together can make it hold.";

/** What `Vhost.xml` can say. */
export const VHOST_SETTINGS: readonly SettingRow[] = [
	take(
		"AliasList/Alias",
		"virtualHosts.NAME.aliases",
		"Of the default host none are needed: it has all names that no other has.",
		({ value }, target) => {
			if (value === "") return unset(value, "a name");
			if (target.scope.path.length === 0)
				return { outcome: "equivalent", note: "The default host has all names that no other host has." };
			return target.append("aliases", value.toLowerCase());
		},
	),
	same("Alias@name", "Aliases need no names."),
	same("AliasList@**", "Aliases need no names."),
	take(
		"AppsDir",
		"media.applications",
		"The folder of the applications; `virtualHosts.NAME.folder` for a virtual host.",
		({ value }, { scope, place, notice }) => {
			if (value === "") return { outcome: "equivalent", note: "`applications` in the old server's folder." };
			if (scope.folder === "")
				notice(`The folder ${value} is another host's too: see what is written instead (${place}).`);
			return takenWith(
				scope.path.length === 0 ? "media.applications" : [...scope.path, "folder"].join("."),
				scope.folder,
			);
		},
	),
	take(
		"ResourceLimits/MaxConnections",
		"limits.connections",
		"`virtualHosts.NAME.connections` for a virtual host.",
		({ value }, target) => {
			const most = numberOf(value);
			if (most === undefined) return unset(value, "a number");
			if (most < 0)
				return { outcome: "equivalent", note: "No bound there; `limits.connections` bounds all clients together." };
			return target.scope.path.length === 0 ? target.put("limits.connections", most) : target.put("connections", most);
		},
	),
	none("ResourceLimits/MaxEdgeConnections", EDGE),
	same("ResourceLimits/MaxAppInstances", CEILING),
	same("ResourceLimits/MaxStreams", CEILING),
	same("ResourceLimits/MaxSharedObjects", `${CEILING} Shared objects: \`limits.sharedObjectBytes\`.`),
	same(
		"ResourceLimits/AppInstanceGC",
		"An instance ends `code.idleMillis` after its last client, or at once where it has no code.",
	),
	take("VirtualKeys/Key", "media.virtualKeys", "Versions of players, whose clients have the key.", readKey),
	take("Key@from", "media.virtualKeys", "With the key.", () => takenWith("media.virtualKeys", "With the key.")),
	take("Key@to", "media.virtualKeys", "With the key.", () => takenWith("media.virtualKeys", "With the key.")),
	...STREAM_FOLDER_SETTINGS,
	none("DNSSuffix", "Hosts are compared with the names and aliases of `virtualHosts`."),
	decide(
		"VirtualHost/Allow",
		"Only `all`: which pages may connect is for an application's code to say, or for `http.cors`.",
		({ value }) => {
			if (value === "" || /^all$/i.test(value)) return { outcome: "equivalent", note: "All may connect." };
			return {
				outcome: "not applicable",
				note: "Domains are not looked up. `addresses` takes addresses; code of an application sees `client.ip` and `client.referrer`.",
			};
		},
	),
	decide("Proxy/Mode", "`local` is what the server is; an edge it is not.", ({ value }, { notice, place }) => {
		if (value === "" || /^local$/i.test(value))
			return { outcome: "equivalent", note: "The server runs applications itself." };
		notice(`${place}: this host was an edge. ${EDGE}`);
		return { outcome: "not applicable", note: EDGE };
	}),
	none("Proxy/Anonymous", EDGE),
	none("Proxy/LocalAddress", EDGE),
	none("Proxy/RequestTimeout", EDGE),
	none("RouteTable/RouteEntry", EDGE),
	none("RouteTable@protocol", EDGE),
	none("RouteEntry@protocol", EDGE),
	none("CacheDir/**", EDGE),
	none("CacheDir@**", EDGE),
	none("CacheDir", EDGE),
	none("EdgeAutoDiscovery/**", EDGE),
	none("Proxy/SSL/**", EDGE),
	none("Proxy/**", EDGE),
	none("SSL/**", "Outgoing TLS checks certificates against those that Node trusts (`NODE_EXTRA_CA_CERTS` adds some)."),
	same(
		"AggregateMessages@enabled",
		"Frames are gathered into blocks that every client reads; aggregate messages are not needed.",
	),
	same(
		"AggregateMessages/**",
		"Frames are gathered into blocks that every client reads; aggregate messages are not needed.",
	),
	same(
		"AggregateMessages",
		"Frames are gathered into blocks that every client reads; aggregate messages are not needed.",
	),
	none("AutoCloseIdleClients@enable", ONE_TIME),
	none("AutoCloseIdleClients/**", ONE_TIME),
	same("Logging/**", "There is one log; lines name the host, the application and the stream."),
];

function readKey({ value: key, element }: OldSetting, target: ImportTarget): Outcome {
	const from = element.attributes.get("from") ?? "";
	const to = element.attributes.get("to") ?? from;
	if (key === "" || from === "") return unset("", "a key with versions");
	return target.append("media.virtualKeys", { key, from, to });
}
