/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apical.cfg's parser: one table of keys serves the file and the command line.
 * Touches only its arguments; called by the loader.  Pure.  The text comes
 * from whoever wrote the boot medium: nothing in it is trusted.
 */
#include "boot/config.h"

#include <stdarg.h>

#include "boot/config_keys.h"
#include "boot/config_value.h"
#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define CONFIG_QUOTE_MAX 40 /* characters of a bad value that are shown */

/* What is being filled: where keys go, and which were given there before. */
struct config_parser {
	struct config *config;
	struct config_error *error;
	bool in_section;
	struct config_vm *vm; /* NULL: [hypervisor] */
	bool hypervisor_seen;
	uint32_t seen[1 + CONFIG_VMS_MAX]; /* bit per key; [0]: hypervisor */
};

__attribute__((format(printf, 4, 5))) static bool config_fail(
	struct config_error *error, uint32_t line, uint32_t column,
	const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	format_va(error->text, sizeof(error->text), fmt, args);
	va_end(args);
	error->line = line;
	error->column = column;
	return false;
}

/* The arguments for "%.*s" that show a span. */
static int config_quoted(struct config_span span)
{
	return span.size < CONFIG_QUOTE_MAX ? (int)span.size : CONFIG_QUOTE_MAX;
}

static bool config_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool config_copy(struct config_parser *parser,
			const struct config_key *key, struct config_span value,
			char *to, size_t size)
{
	if (!value.size)
		return config_fail(parser->error, value.line, value.column,
				   "%s needs a value", key->name);
	if (value.size >= size)
		return config_fail(parser->error, value.line, value.column,
				   "%s is longer than %zu characters",
				   key->name, size - 1);
	memcpy(to, value.text, value.size);
	to[value.size] = '\0';
	return true;
}

static bool config_module(struct config_parser *parser,
			  const struct config_key *key,
			  struct config_span value)
{
	struct config_vm *vm = parser->vm;

	if (vm->module_count == CONFIG_MODULES_MAX)
		return config_fail(parser->error, value.line, value.column,
				   "there can be at most %d modules",
				   CONFIG_MODULES_MAX);
	return config_copy(parser, key, value, vm->module[vm->module_count++],
			   CONFIG_PATH_SIZE);
}

/* Stores a value at its place in target, the struct that key belongs to. */
static bool config_store(struct config_parser *parser, void *target,
			 const struct config_key *key, struct config_span value)
{
	void *to = (char *)target + key->offset;
	uint32_t number = 0;
	bool good = false;

	switch (key->kind) {
	case CONFIG_KIND_TEXT:
		return config_copy(parser, key, value, to, key->max);
	case CONFIG_KIND_MODULE:
		return config_module(parser, key, value);
	case CONFIG_KIND_CPUS:
		good = config_cpus(value, parser->vm);
		break;
	case CONFIG_KIND_FLAG:
		good = config_flag(value, to);
		break;
	case CONFIG_KIND_LOG:
		good = log_levels_parse(to, value.text, value.size);
		break;
	case CONFIG_KIND_MITIGATIONS:
		good = mitigation_parse(value.text, value.size, &number);
		break;
	case CONFIG_KIND_NUMBER:
		good = config_range(value, key->min, key->max, &number);
		break;
	case CONFIG_KIND_MEMORY:
		good = config_range(value, key->min, key->max, &number) &&
		       number % 2 == 0;
		break;
	case CONFIG_KIND_BAUD:
		good = config_baud(value, key->min, key->max, &number);
		break;
	case CONFIG_KIND_PORT:
		good = config_port(value, &number);
		break;
	case CONFIG_KIND_CHOICE:
		good = config_choice(value, key->choices, &number);
		break;
	}
	if (!good)
		return config_fail(parser->error, value.line, value.column,
				   "%s must be %s, not \"%.*s\"", key->name,
				   key->expected, config_quoted(value),
				   value.text);
	if (key->kind != CONFIG_KIND_CPUS && key->kind != CONFIG_KIND_FLAG &&
	    key->kind != CONFIG_KIND_LOG)
		memcpy(to, &number, sizeof(number));
	return true;
}

/* The name of the section that keys go to now, for messages. */
static const char *config_section_name(const struct config_parser *parser)
{
	return parser->vm ? parser->vm->name : "hypervisor";
}

static bool config_assign(struct config_parser *parser, struct config_span name,
			  struct config_span value)
{
	struct config_vm *vm = parser->vm;
	const struct config_key *keys =
		vm ? config_vm_keys : config_hypervisor_keys;
	uint32_t *seen = &parser->seen[vm ? 1 + (vm - parser->config->vm) : 0];

	for (uint32_t i = 0; keys[i].name; i++) {
		if (!config_equal(name, keys[i].name))
			continue;
		if (keys[i].kind == CONFIG_KIND_MODULE) {
			/* A command line's modules replace the file's. */
			if (!(*seen & 1u << i))
				vm->module_count = 0;
		} else if (*seen & 1u << i) {
			return config_fail(
				parser->error, name.line, name.column,
				"%s is given twice for %s", keys[i].name,
				config_section_name(parser));
		}
		*seen |= 1u << i;
		return config_store(parser,
				    vm ? (void *)vm : (void *)parser->config,
				    &keys[i], value);
	}
	return config_fail(parser->error, name.line, name.column,
			   "\"%.*s\" is not a key of %s", config_quoted(name),
			   name.text, config_section_name(parser));
}

static struct config_vm *config_find_vm(struct config *config,
					struct config_span name)
{
	for (uint32_t i = 0; i < config->vm_count; i++)
		if (config_equal(name, config->vm[i].name))
			return &config->vm[i];
	return NULL;
}

static bool config_new_vm(struct config_parser *parser, struct config_span name)
{
	struct config *config = parser->config;
	struct config_vm *vm;

	if (!name.size || name.size >= CONFIG_NAME_SIZE)
		return config_fail(parser->error, name.line, name.column,
				   "a VM's name has 1 to %d characters",
				   CONFIG_NAME_SIZE - 1);
	for (size_t i = 0; i < name.size; i++)
		if (!config_name_char(name.text[i]))
			return config_fail(
				parser->error, name.line,
				name.column + (uint32_t)i,
				"a VM's name is letters, digits, - and _");
	/* Its lines on the console would be taken for the log's. */
	if (config_equal(name, "apical"))
		return config_fail(parser->error, name.line, name.column,
				   "no VM can be named apical");
	if (config_find_vm(config, name))
		return config_fail(parser->error, name.line, name.column,
				   "there are two VMs named %.*s",
				   config_quoted(name), name.text);
	if (config->vm_count == CONFIG_VMS_MAX)
		return config_fail(parser->error, name.line, name.column,
				   "there can be at most %d VMs",
				   CONFIG_VMS_MAX);

	vm = &config->vm[config->vm_count++];
	memcpy(vm->name, name.text, name.size);
	vm->vcpus = 1;
	vm->memory_mib = 256;
	vm->apic = APIC_TIER_AUTO;
	for (uint32_t i = 0; i < CONFIG_VCPUS_MAX; i++)
		vm->cpus[i] = CONFIG_CPU_ANY;
	parser->vm = vm;
	return true;
}

/* "[hypervisor]" or "[vm NAME]" */
static bool config_section(struct config_parser *parser,
			   struct config_span line)
{
	struct config_span inner;

	if (line.text[line.size - 1] != ']')
		return config_fail(parser->error, line.line,
				   line.column + (uint32_t)line.size,
				   "a section's line ends in ]");
	inner = config_trim(config_first(config_skip(line, 1), line.size - 2));
	parser->in_section = true;
	parser->vm = NULL;
	if (config_equal(inner, "hypervisor")) {
		if (parser->hypervisor_seen)
			return config_fail(parser->error, inner.line,
					   inner.column,
					   "there are two hypervisor sections");
		parser->hypervisor_seen = true;
		return true;
	}
	if (inner.size > 2 && !memcmp(inner.text, "vm", 2) &&
	    config_blank(inner.text[2]))
		return config_new_vm(parser,
				     config_trim(config_skip(inner, 2)));
	return config_fail(parser->error, inner.line, inner.column,
			   "a section is [hypervisor] or [vm NAME]");
}

/* Bytes that are no text: an editor's mistake, or no configuration at all. */
static bool config_check_bytes(struct config_parser *parser,
			       struct config_span line)
{
	for (size_t i = 0; i < line.size; i++) {
		uint8_t c = (uint8_t)line.text[i];

		if ((c < ' ' && c != '\t') || c > '~')
			return config_fail(parser->error, line.line,
					   line.column + (uint32_t)i,
					   "the byte 0x%02x is not plain text",
					   c);
	}
	return true;
}

/* Cuts the line at a '#' that begins it or follows a blank. */
static struct config_span config_uncomment(struct config_span line)
{
	for (size_t i = 0; i < line.size; i++)
		if (line.text[i] == '#' &&
		    (i == 0 || config_blank(line.text[i - 1])))
			return config_first(line, i);
	return line;
}

static bool config_line(struct config_parser *parser, struct config_span line)
{
	size_t equals;

	line = config_trim(config_uncomment(line));
	if (!line.size)
		return true;
	if (!config_check_bytes(parser, line))
		return false;
	if (line.text[0] == '[')
		return config_section(parser, line);
	equals = config_find(line, '=');
	if (equals == line.size)
		return config_fail(parser->error, line.line, line.column,
				   "this is neither a section nor key = value");
	if (!parser->in_section)
		return config_fail(parser->error, line.line, line.column,
				   "a [hypervisor] or [vm NAME] line must come "
				   "before the first key");
	return config_assign(parser, config_trim(config_first(line, equals)),
			     config_trim(config_skip(line, equals + 1)));
}

bool config_parse(struct config *config, const char *text, size_t size,
		  struct config_error *error)
{
	struct config_parser parser = {.config = config, .error = error};
	struct config_span rest = {
		.text = text, .size = size, .line = 1, .column = 1};

	memset(config, 0, sizeof(*config));
	config->console_port = CONFIG_PORT_AUTO;
	config->console_baud = CONFIG_BAUD_AUTO;
	config->poweroff = true;
	config->monitor = true;
	config->mitigations = MITIGATION_AUTO;
	log_levels_default(&config->log);

	/* Some editors begin a file with UTF-8's byte order mark. */
	if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		rest.text += 3;
		rest.size -= 3;
	}
	while (rest.size) {
		size_t end = config_find(rest, '\n');
		struct config_span line = config_first(rest, end);

		if (line.size && line.text[line.size - 1] == '\r')
			line.size--;
		if (!config_line(&parser, line))
			return false;
		rest = config_skip(rest, end < rest.size ? end + 1 : end);
		rest.line++;
		rest.column = 1;
	}
	return true;
}

/* One word of the command line, "key=value" or "vmname.key=value". */
static bool config_override_word(struct config_parser *parser,
				 struct config_span word,
				 struct config_span value)
{
	size_t dot = config_find(word, '.');

	parser->vm = NULL;
	if (dot < word.size) {
		parser->vm =
			config_find_vm(parser->config, config_first(word, dot));
		if (!parser->vm)
			return config_fail(
				parser->error, word.line, word.column,
				"there is no VM named \"%.*s\"",
				config_quoted(config_first(word, dot)),
				word.text);
		word = config_skip(word, dot + 1);
	}
	return config_assign(parser, word, value);
}

/* Where a word ends: at a blank that is outside quotes. */
static size_t config_word_end(struct config_span rest)
{
	bool quoted = false;
	size_t end = 0;

	while (end < rest.size && (quoted || !config_blank(rest.text[end])))
		quoted ^= rest.text[end++] == '"';
	return end;
}

bool config_override(struct config *config, const char *words, size_t size,
		     struct config_error *error)
{
	struct config_parser parser = {.config = config, .error = error};
	struct config_span rest = {.text = words, .size = size, .column = 1};
	bool first = true;

	rest = config_trim(rest);
	if (!config_check_bytes(&parser, rest))
		return false;
	for (; rest.size; first = false) {
		size_t end = config_word_end(rest);
		struct config_span word = config_first(rest, end);
		size_t equals = config_find(word, '=');
		struct config_span value;

		rest = config_trim(config_skip(rest, end));
		if (equals == word.size) {
			if (first)
				continue;
			return config_fail(error, 0, word.column,
					   "\"%.*s\" is not key=value",
					   config_quoted(word), word.text);
		}
		value = config_skip(word, equals + 1);
		if (value.size && value.text[0] == '"') {
			if (value.size < 2 || value.text[value.size - 1] != '"')
				return config_fail(error, 0, value.column,
						   "a quote is not closed");
			value = config_first(config_skip(value, 1),
					     value.size - 2);
		}
		if (!config_override_word(&parser, config_first(word, equals),
					  value))
			return false;
	}
	return true;
}

/* True if no CPU that vm names is named by a VM before it. */
static bool config_check_pinning(const struct config *config,
				 const struct config_vm *vm,
				 struct config_error *error)
{
	for (const struct config_vm *other = config->vm; other < vm; other++)
		for (uint32_t i = 0; i < other->cpu_count; i++)
			for (uint32_t j = 0; j < vm->cpu_count; j++)
				if (other->cpus[i] == vm->cpus[j])
					return config_fail(
						error, 0, 0,
						"the VMs %s and %s both want "
						"CPU %u",
						other->name, vm->name,
						vm->cpus[j]);
	return true;
}

bool config_check(const struct config *config, struct config_error *error)
{
	if (!config->vm_count && !config->report)
		return config_fail(error, 0, 0,
				   "there is no [vm NAME] section");
	for (uint32_t i = 0; i < config->vm_count; i++) {
		const struct config_vm *vm = &config->vm[i];

		if (!vm->kernel[0])
			return config_fail(error, 0, 0,
					   "the VM %s has no kernel", vm->name);
		if (vm->cpu_count && vm->cpu_count != vm->vcpus)
			return config_fail(error, 0, 0,
					   "the VM %s has %u vCPUs, but cpus "
					   "names %u",
					   vm->name, vm->vcpus, vm->cpu_count);
		if (!config_check_pinning(config, vm, error))
			return false;
	}
	return true;
}
