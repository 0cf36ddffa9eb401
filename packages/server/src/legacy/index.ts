export { type ApplicationXml, readApplicationXml } from "./application-xml.ts";
export { type LegacyPlace, legacyDefinition } from "./legacy-definition.ts";
export { type Member, type MemberKind, memberLabel } from "./member.ts";
export { MEMBERS } from "./members.ts";
