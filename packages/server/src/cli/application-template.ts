/** What a new application's files depend on. */
export type PackageFacts = {
	/** Of the package `millrace`. */
	readonly version: string;
	/** Whether the package is sources that run as they are. */
	readonly fromSources: boolean;
	/** Packages that must be installed for editors, of `millrace` and `@types/node`. */
	readonly lacks: readonly string[];
};

/** The least Node that runs TypeScript as it is; its types suit every later one. */
const NODE_TYPES = "^22.18.0";

/** The files of a new application, by their names. */
export function applicationFiles(name: string, facts: PackageFacts): ReadonlyMap<string, string> {
	return new Map([
		["main.ts", mainFile(name)],
		["main.test.ts", TEST_FILE],
		["package.json", packageFile(name, facts)],
		["tsconfig.json", tsconfigFile(facts)],
	]);
}

function mainFile(name: string): string {
	return `import { defineApplication, reject } from "millrace/app";

/**
 * Clients reach this application as rtmp://HOST/${name}, and as rtmp://HOST/${name}/ROOM an instance of its own.
 */
const app = defineApplication({
	// What an instance remembers (app.state), and what it remembers of each client (client.state).
	state: () => ({ lines: 0 }),
	clientState: () => ({ name: "" }),

	// A client wants in. Behind \`client\` stands what it gave \`connect\` behind the address: anything at all.
	onConnect(client, name) {
		if (typeof name !== "string" || name === "") return reject("Tell me your name.");
		client.state.name = name;
	},

	onDisconnect(client) {
		client.app.broadcast("left", client.state.name);
	},

	// Who may publish, and who may play? Without these handlers everybody may whom the server lets.
	onPublish(client, stream) {
		client.app.log.info(\`\${client.state.name} publishes \${stream.name}.\`);
	},

	// What clients may call. A client can send values of any type, so look at them before you use them.
	methods: {
		say(client, text: string) {
			if (typeof text !== "string") return reject("Say something.");
			client.app.broadcast("said", client.state.name, text);
			client.app.state.lines += 1;
			return client.app.state.lines;
		},
	},
});

export default app;
`;
}

const TEST_FILE = `import assert from "node:assert/strict";
import { test } from "node:test";
import { startApplication } from "millrace/testing";
import app from "./main.ts";

test("everybody hears what one of them says", async t => {
	const running = await startApplication(app);
	t.after(() => running.stop());
	const anna = await running.connect({ args: ["Anna"] });
	const bert = await running.connect({ args: ["Bert"] });
	assert.equal(await anna.remote.say("Hello!"), 1);
	assert.deepEqual(await bert.nextCall("said"), ["Anna", "Hello!"]);
	anna.disconnect();
	assert.deepEqual(await bert.nextCall("left"), ["Anna"]);
});

test("nobody comes in without a name", async t => {
	const running = await startApplication(app);
	t.after(() => running.stop());
	await assert.rejects(running.connect(), { message: /Tell me your name/ });
});
`;

function packageFile(name: string, { version, fromSources, lacks }: PackageFacts): string {
	const known: Record<string, string> = { millrace: `^${version}`, "@types/node": NODE_TYPES };
	return json({
		name: name.toLowerCase(),
		private: true,
		type: "module",
		scripts: { test: `node ${fromSources ? "--conditions=source " : ""}--test` },
		...(lacks.length > 0 && { devDependencies: Object.fromEntries(lacks.map(each => [each, known[each]])) }),
	});
}

function tsconfigFile({ fromSources }: PackageFacts): string {
	return json({
		compilerOptions: {
			target: "es2024",
			lib: ["es2024"],
			module: "nodenext",
			types: ["node"],
			// Sources are checked with the program, and need to be as our own check takes them.
			...(fromSources && { customConditions: ["source"], exactOptionalPropertyTypes: true }),
			strict: true,
			noUncheckedIndexedAccess: true,
			noEmit: true,
			// The code runs as it is: Node takes the types away, and nothing else.
			allowImportingTsExtensions: true,
			erasableSyntaxOnly: true,
			verbatimModuleSyntax: true,
			skipLibCheck: true,
		},
		include: ["**/*.ts"],
	});
}

function json(value: object): string {
	return `${JSON.stringify(value, null, "\t")}\n`;
}
