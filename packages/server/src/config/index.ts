export { type ApplicationMedia, type ApplicationOptions, applicationOptions } from "./application-options.ts";
export { ConfigError, type ConfigProblem, formatProblem } from "./config-error.ts";
export { configJsonSchema } from "./json-schema.ts";
export { DEFAULT_PORTS } from "./listener-schema.ts";
export { type ConfigFlag, type ConfigSources, type LoadedConfig, loadConfig, resolveOptions } from "./load-config.ts";
export { printConfig } from "./print-config.ts";
export {
	APPLICATION_NAME,
	configSchema,
	type ListenerOptions,
	type ServerOptions,
	type ServerOptionsInput,
} from "./schema.ts";
export {
	type CollectionNode,
	type ConfigPath,
	fixedNodes,
	type LeafNode,
	rootNode,
	type SchemaNode,
	type SectionNode,
} from "./schema-node.ts";
export { variableOf } from "./text-source.ts";
export { plainHostName } from "./virtual-host-schema.ts";
