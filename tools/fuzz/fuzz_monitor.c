/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes typed at the monitor: the line stays a string of printing characters
 * with the cursor in it and in the window, what is shown fits, and its words,
 * numbers and names can be taken apart.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hv/monitor/complete.h"
#include "hv/monitor/line.h"
#include "hv/monitor/words.h"

static void must(bool good)
{
	if (!good)
		abort();
}

static void check_line(const struct line *line)
{
	must(line->length < sizeof(line->text));
	must(strlen(line->text) == line->length);
	must(line->cursor <= line->length);
	must(line->scroll <= line->cursor);
	must(line->cursor <= line->scroll + LINE_WINDOW);
	must(line->count <= LINE_HISTORY);
	must(line->back <= line->count);
	for (unsigned i = 0; i < line->length; i++)
		must(line->text[i] >= ' ' && line->text[i] <= '~');
}

static void check_words(const char *text)
{
	char before[16];
	const char *after;
	struct words words;
	uint64_t value;

	if (words_split(&words, text) != WORDS_GOOD)
		return;
	must(words.count <= WORDS_MAX);
	for (unsigned i = 0; i < words.count; i++) {
		const char *word = words.word[i];
		struct complete found = {0};

		must(word >= words.text &&
		     word < words.text + sizeof(words.text));
		must(*word && strlen(word) < sizeof(words.text));
		if (words_number(word, 1000, &value))
			must(value <= 1000);
		if (words_dotted(word, before, sizeof(before), &after))
			must(strlen(before) && strlen(after));
		complete_add(&found, word, strlen(word), "vms");
		complete_add(&found, word, strlen(word), "vmcs");
		must(found.common <= strlen("vmcs"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct line line;
	struct line_shown shown;

	memset(&line, 0, sizeof(line));
	for (size_t i = 0; i < size; i++) {
		enum line_event event = line_feed(&line, data[i], &shown);

		must(shown.size <= sizeof(shown.text));
		if (event == LINE_TAB) {
			line_insert(&line, "inserted ", &shown);
			must(shown.size <= sizeof(shown.text));
		}
		if (event == LINE_ENTERED || event == LINE_TOO_LONG) {
			check_words(line.text);
			line_next(&line);
		}
		check_line(&line);
		line_draw(&line, &shown);
		must(shown.size <= sizeof(shown.text));
	}
	return 0;
}
