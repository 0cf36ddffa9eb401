/* A chat: every instance is a room (rtmp://host/chat/ROOM), everybody in it sees who is there and what is said. */
import { type Client, defineApplication, reject } from "millrace/app";

type State = { readonly users: Map<string, Client<State, User>>; readonly lines: Line[] };
type User = { name: string };
export type Line = { readonly from: string; readonly text: string };

const NAME_LENGTH = 30;
const TEXT_LENGTH = 500;
/** How many lines those find who come later. */
const KEPT_LINES = 20;

const app = defineApplication({
	state: (): State => ({ users: new Map(), lines: [] }),
	clientState: (): User => ({ name: "" }),

	onConnect(client, name) {
		const { users, lines } = client.app.state;
		if (typeof name !== "string" || !isText(name, NAME_LENGTH)) return reject("Come with a name.");
		if (users.has(name)) return reject(`There is a ${name} already.`);
		client.state.name = name;
		users.set(name, client);
		// Clients see who is there in a shared object, which the application alone changes.
		client.writeAccess = "";
		client.app.sharedObjects.get("users").set(name, { since: new Date() });
		client.send("history", lines);
	},

	onDisconnect(client) {
		client.app.state.users.delete(client.state.name);
		client.app.sharedObjects.get("users").delete(client.state.name);
	},

	methods: {
		/** Says something to everybody. */
		say(client, text: string) {
			if (!isText(text, TEXT_LENGTH)) return reject(`Say something, in ${TEXT_LENGTH} letters at most.`);
			const { lines } = client.app.state;
			const line: Line = { from: client.state.name, text };
			lines.push(line);
			if (lines.length > KEPT_LINES) lines.shift();
			client.app.broadcast("said", line);
		},

		/** Says something to one user, and answers whether it was shown to him. */
		async whisper(client, to: string, text: string) {
			const user = client.app.state.users.get(to);
			if (user === undefined) return reject(`There is no ${String(to).slice(0, NAME_LENGTH)} here.`);
			if (!isText(text, TEXT_LENGTH)) return reject(`Say something, in ${TEXT_LENGTH} letters at most.`);
			return (await user.call("whispered", { from: client.state.name, text })) === true;
		},
	},
});

/** Whatever a client sends may be of any type and any length. */
function isText(value: unknown, length: number): value is string {
	return typeof value === "string" && value.trim() !== "" && value.length <= length;
}

export default app;
