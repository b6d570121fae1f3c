// Decides what a newline means, by what stands before it (the tokens that the parser would accept) and what follows.
//
// A newline ends a statement, unless the next line that is neither blank nor a comment begins with something that goes on
// with this one. The rules are those of `grammar/nn.pest`, where `s` is white space on one line and `g` may hold newlines.

#include "tree_sitter/parser.h"

#include <string.h>

enum TokenType {
    NEWLINE,
    GAP,
    SOFT_NEWLINE,
    TIGHT_DOT,
    UNIT,
    NO_END,
    SAME_LINE,
    SAME_LINE_STRING,
    NEVER,
    RECOVERING,
};

// Longer than any word that is looked for.
#define WORD_SIZE 12

static bool is_space(int32_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == 0xA0 || c == 0xFEFF;
}

// Whether a word may begin here. Other characters than letters are left to the parser, which knows them from letters.
static bool is_word_start(int32_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= 0x80 && !is_space(c));
}

static bool is_word_char(int32_t c) {
    return is_word_start(c) || (c >= '0' && c <= '9');
}

static void advance(TSLexer *lexer) {
    lexer->advance(lexer, false);
}

static void skip_spaces(TSLexer *lexer) {
    while (is_space(lexer->lookahead)) {
        advance(lexer);
    }
}

// Reads the word that begins here; what is too long is none of those that are looked for.
static void read_word(TSLexer *lexer, char word[WORD_SIZE]) {
    unsigned length = 0;
    while (is_word_char(lexer->lookahead)) {
        if (length + 1 < WORD_SIZE) {
            word[length] = lexer->lookahead < 0x80 ? (char)lexer->lookahead : '?';
        }
        length++;
        advance(lexer);
    }
    word[length < WORD_SIZE ? length : 0] = '\0';
}

static bool is_one_of(const char *word, const char *const words[], unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

// How the line behind a newline begins.
enum Start {
    // With what belongs to the line before it wherever that can go on.
    CONTINUES,
    // With a `{`: the body of what is before it, or a record.
    OPENS,
    // With a word that begins no operand.
    NO_OPERAND,
    OTHER,
};

static enum Start line_start(TSLexer *lexer, const bool *valid) {
    int32_t first = lexer->lookahead;
    if (lexer->eof(lexer)) {
        return OTHER;
    }
    if (is_word_start(first)) {
        static const char *const joining[] = {"and", "or", "then", "else"};
        char word[WORD_SIZE];
        read_word(lexer, word);
        if (is_one_of(word, joining, 4)) {
            skip_spaces(lexer);
            // Before a colon it is a key.
            if (lexer->lookahead != ':') {
                return CONTINUES;
            }
            return strcmp(word, "then") == 0 ? OTHER : NO_OPERAND;
        }
        return strcmp(word, "let") == 0 ? NO_OPERAND : OTHER;
    }
    switch (first) {
        case '#':
        case ')':
        case ']':
        case '}':
        case '+':
        case '-':
        case '*':
        case '/':
        case '@':
        case '^':
        case '<':
        case '>':
            return CONTINUES;
        case '{':
            return OPENS;
        case '=':
        case '!':
            advance(lexer);
            return lexer->lookahead == '=' ? CONTINUES : OTHER;
        case '|':
            advance(lexer);
            return lexer->lookahead == '>' ? CONTINUES : OTHER;
        case '.':
            advance(lexer);
            return lexer->lookahead == '.' || !valid[SAME_LINE] ? CONTINUES : OTHER;
        case ',':
            if (valid[SAME_LINE]) {
                return OTHER;
            }
            if (valid[NEWLINE]) {
                // The comma behind the last entry of a record stands on the entry's line.
                do {
                    advance(lexer);
                } while (is_space(lexer->lookahead) || lexer->lookahead == '\n');
                return lexer->lookahead == '}' ? OTHER : CONTINUES;
            }
            return CONTINUES;
        default:
            return OTHER;
    }
}

static bool scan_newline(TSLexer *lexer, const bool *valid) {
    if (valid[RECOVERING]) {
        // What is found here is taken if the state before the error wants it. A soft newline every state takes, also those
        // that were just refused one.
        advance(lexer);
        lexer->mark_end(lexer);
        lexer->result_symbol = NEWLINE;
        return true;
    }
    if (valid[SAME_LINE_STRING]) {
        return false;
    }
    while (lexer->lookahead == '\n' || is_space(lexer->lookahead)) {
        bool is_newline = lexer->lookahead == '\n';
        advance(lexer);
        if (is_newline) {
            lexer->mark_end(lexer);
        }
    }
    enum Start start = line_start(lexer, valid);
    if (start == CONTINUES || (start == OPENS && !valid[NEWLINE])) {
        lexer->result_symbol = SOFT_NEWLINE;
    } else if (valid[NEWLINE] && (!valid[GAP] || start == NO_OPERAND)) {
        lexer->result_symbol = NEWLINE;
    } else if (valid[GAP]) {
        lexer->result_symbol = GAP;
    } else {
        return false;
    }
    return true;
}

// ` epochs` behind an amount, unless it is a key: `5 epochs`, but `batch: 5 epochs: 3` is a mistake.
static bool scan_unit(TSLexer *lexer) {
    static const char *const units[] = {"epoch", "epochs", "step", "steps"};
    char word[WORD_SIZE];
    read_word(lexer, word);
    if (!is_one_of(word, units, 4)) {
        return false;
    }
    lexer->mark_end(lexer);
    skip_spaces(lexer);
    if (lexer->lookahead == ':') {
        return false;
    }
    if (lexer->lookahead == '=') {
        advance(lexer);
        if (lexer->lookahead != '=') {
            return false;
        }
    }
    lexer->result_symbol = UNIT;
    return true;
}

// Before ` and` in `a .. and b`, which is no end of the range.
static bool scan_no_end(TSLexer *lexer) {
    static const char *const operators[] = {"and", "or"};
    char word[WORD_SIZE];
    lexer->mark_end(lexer);
    read_word(lexer, word);
    lexer->result_symbol = NO_END;
    return is_one_of(word, operators, 2);
}

void *tree_sitter_nn_external_scanner_create(void) {
    return NULL;
}

void tree_sitter_nn_external_scanner_destroy(void *payload) {
    (void)payload;
}

unsigned tree_sitter_nn_external_scanner_serialize(void *payload, char *buffer) {
    (void)payload;
    (void)buffer;
    return 0;
}

void tree_sitter_nn_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
    (void)payload;
    (void)buffer;
    (void)length;
}

bool tree_sitter_nn_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
    (void)payload;
    bool spaced = false;
    while (is_space(lexer->lookahead)) {
        lexer->advance(lexer, true);
        spaced = true;
    }
    if (lexer->lookahead == '\n') {
        return scan_newline(lexer, valid);
    }
    if (valid[TIGHT_DOT] && lexer->lookahead == '.' && !spaced && lexer->get_column(lexer) > 0) {
        advance(lexer);
        lexer->mark_end(lexer);
        lexer->result_symbol = TIGHT_DOT;
        return is_word_start(lexer->lookahead);
    }
    if (valid[NO_END] && !valid[RECOVERING] && is_word_start(lexer->lookahead)) {
        return scan_no_end(lexer);
    }
    if (valid[UNIT] && spaced && is_word_start(lexer->lookahead)) {
        return scan_unit(lexer);
    }
    return false;
}
