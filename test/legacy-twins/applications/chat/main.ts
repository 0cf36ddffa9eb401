/* A chat room with a list of users in a shared object, and whispers: the twin of main.asc. */
import { type Client, defineApplication, reject } from "millrace/app";

type Line = { readonly from: string; readonly text: string; readonly at: Date };
type User = { name: string };
type State = { readonly users: Map<unknown, Client<State, User>>; readonly lines: Line[] };

const app = defineApplication({
	state: (): State => ({ users: new Map(), lines: [] }),
	clientState: (): User => ({ name: "" }),

	onConnect(client, name) {
		const { users, lines } = client.app.state;
		if (typeof name !== "string" || users.has(name)) return reject(`There is a ${String(name)} already.`, null);
		client.state.name = name;
		client.writeAccess = "";
		users.set(name, client);
		client.app.sharedObjects.get("users").set(name, { since: new Date(), lines: 0 });
		client.send("history", lines);
	},

	onDisconnect(client) {
		client.app.state.users.delete(client.state.name);
		client.app.sharedObjects.get("users").delete(client.state.name);
	},

	methods: {
		say(client, text: string) {
			const { lines } = client.app.state;
			const line: Line = { from: client.state.name, text, at: new Date() };
			lines.push(line);
			if (lines.length > 2) lines.shift();
			client.app.broadcast("said", line);
			client.app.sharedObjects.get("users").send("saying", client.state.name);
			return lines.length;
		},

		whisper(client, to: string, text: string) {
			const user = client.app.state.users.get(to);
			if (user === undefined) return false;
			user.call("whispered", client.state.name, text).then(
				shown => client.send("shown", to, shown),
				() => {},
			);
			return true;
		},
	},
});

export default app;
