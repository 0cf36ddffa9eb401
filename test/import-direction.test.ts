import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findBreaches, type SourceFile } from "./import-rule.ts";

async function sources(): Promise<SourceFile[]> {
	const files: SourceFile[] = [];
	for await (const path of glob("packages/*/src/**/*.ts", { cwd: fileURLToPath(new URL("..", import.meta.url)) })) {
		const text = readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
		files.push({ path: path.replaceAll("\\", "/"), text });
	}
	return files;
}

const check = (path: string, text: string): string[] => findBreaches([{ path: `packages/${path}`, text }]);

describe("the direction of imports", () => {
	it("is kept by all sources", async () => {
		const files = await sources();
		expect(files.length).toBeGreaterThan(100);
		expect(findBreaches(files)).toEqual([]);
	});
});

const ALLOWED: [path: string, text: string][] = [
	["core/src/rtmp/link.ts", 'import { PeerError } from "../fault/index.ts";'],
	["core/src/rtmp/message/command.ts", 'import { x } from "../../amf/index.ts";\nimport { y } from "../u32.ts";'],
	["core/src/flv/a.ts", 'import {\n\ttype A,\n\tb,\n} from "../codec/index.ts";'],
	[
		"core/src/flv/a.ts",
		'// new Date() and Buffer.from(x)\nconst text = "console.log";\nconst fetch = 1; this.console.log(0); new Date(0);',
	],
	[
		"core/src/flv/a.test.ts",
		'import { readFileSync } from "node:fs";\nimport fc from "fast-check";\nBuffer.from("x");',
	],
	["server/src/hub/hub.ts", 'import { MediaMessage } from "@millrace/core/flv";'],
	["server/src/hub/hub.test.ts", 'import { VirtualClock } from "@millrace/testkit";'],
	["server/src/admin/admin.test.ts", 'import { HubFixture } from "../hub/hub-fixture.ts";'],
	[
		"server/src/rtmp/peer.ts",
		'import { Hub } from "../hub/index.ts";\nimport { x } from "ws";\nimport { y } from "node:net";',
	],
	["server/src/server.ts", 'import { Hub } from "./hub/index.ts";'],
	["server/src/cli/serve.ts", 'import { createServer } from "../server.ts";'],
	["console/src/shared/api.ts", 'import type { StreamFacts } from "../../../server/src/admin/index.ts";'],
	["client/src/node/tcp.ts", 'import { connect } from "node:net";\nimport { x } from "../events.ts";'],
	["client/src/index.ts", 'export { NetConnection } from "./node/net-connection.ts";'],
];

const BREACHES: [what: string, path: string, text: string][] = [
	["upward in the core", "core/src/bytes/a.ts", 'import { x } from "../amf/index.ts";'],
	["into the inside of another folder", "core/src/rtmp/a.ts", 'import { x } from "../amf/amf0-reader.ts";'],
	["of the platform in the core", "core/src/flv/a.ts", 'import { readFile } from "node:fs";'],
	["of a library in the core", "core/src/flv/a.ts", 'import type { x } from "zod";'],
	["of a package above in the core", "core/src/flv/a.ts", 'import type { x } from "@millrace/client";'],
	["from the hub of an application", "server/src/hub/hub.ts", 'import type { StreamName } from "../app/index.ts";'],
	["from an application of a peer", "server/src/app/a.ts", 'export { x } from "../rtmp/index.ts";'],
	["written over many lines", "server/src/net/a.ts", 'import {\n\tx,\n\ttype Y,\n} from "../hub/index.ts";'],
	["for its effects alone", "server/src/net/a.ts", 'import "../hub/index.ts";'],
	["at run time", "server/src/net/a.ts", 'const hub = await import("../hub/index.ts");'],
	["of everything", "server/src/net/a.ts", 'export * from "../hub/index.ts";'],
	["behind another statement", "server/src/net/a.ts", 'import a from "ws"; import b from "../hub/index.ts";'],
	["of test tools in a source", "server/src/hub/hub.ts", 'import { VirtualClock } from "@millrace/testkit";'],
	["of a fixture in a source", "server/src/admin/a.ts", 'import { x } from "../hub/hub-fixture.ts";'],
	["by a path into another package", "server/src/hub/hub.ts", 'import { x } from "../../../core/src/flv/index.ts";'],
	["of server code in a page", "console/src/watch/a.ts", 'import { x } from "../../../server/src/admin/index.ts";'],
	[
		"of server types behind its index",
		"console/src/a.ts",
		'import type { x } from "../../server/src/admin/live-view.ts";',
	],
	["of the server in the client", "client/src/a.ts", 'import { x } from "millrace";'],
	["of the platform in the client", "client/src/connect/a.ts", 'import { connect } from "node:net";'],
	["of the client's platform by its common part", "client/src/player.ts", 'import { x } from "./node/tcp.ts";'],
	["in a folder without a ring", "server/src/relay/a.ts", 'import { x } from "ws";'],
	["of a file outside the sources", "server/src/hub/hub.ts", 'import { x } from "../../../../test/a.ts";'],
];

const CORE_PLATFORM = [
	"Buffer.from(x)",
	"const now = Date.now();",
	"new Date()",
	"performance.now()",
	"setTimeout(f, 1)",
	"queueMicrotask(f)",
	"Math.random()",
	"console.log(x)",
	"process.env",
	"crypto.getRandomValues(x)",
];

describe("the rule of imports", () => {
	for (const [path, text] of ALLOWED) {
		it(`allows ${JSON.stringify(text)} in ${path}`, () => expect(check(path, text)).toEqual([]));
	}

	for (const [what, path, text] of BREACHES) {
		it(`finds an import ${what}`, () => {
			expect(check(path, text)).toHaveLength(1);
		});
	}

	for (const code of CORE_PLATFORM) {
		it(`finds ${code} in the core`, () => {
			expect(check("core/src/rtmp/link.ts", code)).toHaveLength(1);
			expect(check("server/src/net/listener.ts", code)).toEqual([]);
		});
	}
});
