/**
 * The grammar of the `.nn` language for editors.
 *
 * It accepts the same programs as `grammar/nn.pest` with its builder (`src/syntax`), which is the authority; the folder
 * `agreement` holds the two to it. Three things differ in kind:
 *
 * - A newline means something, and which one it is depends on what follows. `src/scanner.c` decides: a `_newline` ends a
 *   statement, a `_gap` may stand where the grammar says so, any other newline is a `_soft_newline` before an operator, a
 *   comma or a bracket, and passes unnoticed.
 * - Precedence is in the rules, level by level, because comparisons and ranges do not chain and a stage of a pipeline is
 *   no arithmetic. Where a level could end or go on, it goes on.
 * - `_never` is a token that is never there. A word before it is a mistake: this keeps reserved words from being names.
 */

const RESERVED = ['let', 'if', 'else', 'and', 'or', 'not', 'true', 'false', 'none', 'residual', 'repeat', 'scan'];
// Words of the language that are names all the same where nothing else is meant.
const CONTEXTUAL = ['weight', 'constant', 'field', 'phase', 'group', 'then', 'float', 'int', 'bool', 'class', '_'];
const KINDS = ['float', 'int', 'bool'];

const DIGITS = /[0-9][0-9_]*/;
const NUMBER = seq(DIGITS, optional(/\.[0-9][0-9_]*/), optional(/[eE][+-]?[0-9]+/));

/** Elements with commas between them, and perhaps one behind. */
const listed = ($, item) =>
  seq(item, repeat(seq(',', optional($._gap), item)), optional(seq(',', optional($._gap))));

/** What stands between brackets. */
const bracketed = ($, open, content, close) => seq(open, optional($._gap), optional(content), close);

/** Statements, each on a line of its own or behind a `;`. */
const braced = ($, statement) =>
  seq(
    '{',
    repeat($._end),
    optional(seq(statement, repeat(seq(repeat1($._end), statement)), repeat($._end))),
    '}',
  );

/**
 * The looser levels of an expression, each with its rule for the operator. An expression may begin with `..`, but no
 * right operand may: so these exist twice, `first` being the name of those that stand leftmost behind such a start.
 */
const levels = (first, interval) => {
  const rule = name => $ => $[`_${first}${name}`];
  const [schedule, flow, disjunction, conjunction, comparison] =
    ['schedule', 'flow', 'disjunction', 'conjunction', 'comparison'].map(rule);
  const visible = (name, as) => $ => alias($[`_${first}${name}`], $[as]);
  return {
    [`_${first}schedule`]: $ => choice(visible('then', 'binary_expression')($), flow($)),
    [`_${first}then`]: $ => binary($, schedule($), 'then', $._flow),
    [`_${first}flow`]: $ => choice(visible('pipe', 'pipeline')($), disjunction($)),
    [`_${first}pipe`]: $ =>
      prec.left(1, seq(field('input', flow($)), '|>', optional($._gap), field('stage', $._stage))),
    [`_${first}disjunction`]: $ => choice(visible('or', 'binary_expression')($), conjunction($)),
    [`_${first}or`]: $ => binary($, disjunction($), 'or', $._conjunction),
    [`_${first}conjunction`]: $ => choice(visible('and', 'binary_expression')($), comparison($)),
    [`_${first}and`]: $ => binary($, conjunction($), 'and', $._comparison),
    [`_${first}comparison`]: $ => choice(visible('compare', 'binary_expression')($), interval($)),
    [`_${first}compare`]: $ =>
      binary($, interval($), choice('==', '!=', '<', '<=', '>', '>='), $._interval),
  };
};

/** `left operator right`. The precedence says: go on where that is possible. */
const binary = ($, left, operator, right) =>
  prec.left(1, seq(
    field('left', left),
    field('operator', operator),
    optional($._gap),
    field('right', right),
  ));

/** `start ..` with an end, where something follows that can be one. */
const rangeFrom = ($, start) =>
  prec.right(1, seq(start, '..', optional(choice($._no_end, seq(optional($._gap), field('end', $._sum))))));

/** A reserved word where a name should be. */
const mistaken = ($, words) => seq(choice(...words), $._never);

module.exports = grammar({
  name: 'nn',

  externals: $ => [
    $._newline,
    $._gap,
    $._soft_newline,
    // A dot with a word right behind it and no white space on either side.
    $._tight_dot,
    $.unit,
    // Nothing, before an `and` or `or` that a range without an end stands before.
    $._no_end,
    // These tell the scanner where it is, and are never there: where a line that begins with `.` or `,` does not
    // belong to the one before; in a string.
    $._same_line,
    $._same_line_string,
    $._never,
    // Only valid while the parser recovers from an error.
    $._recovering,
  ],

  extras: $ => [/[ \t\r\u00A0\uFEFF]/, $._soft_newline, $.comment, $.doc_comment],

  word: $ => $.identifier,

  supertypes: $ => [$.item],

  conflicts: $ => [
    // The first list of a block holds hypers if a second one follows, else tensors: values, or types.
    [$.hyper_parameter, $.parameter],
    [$.type, $._primary],
    [$.class_type, $._name],
    [$.scalar_type, $._name],
    [$._name, $._word_but_kind],
    [$._word_but_kind, $.boolean],
    [$._word_but_kind, $.none],
    // `weight and b` is an expression, `weight and: [2] = zeros` a weight.
    [$.weight, $._name],
    [$.constant, $._name],
  ],

  rules: {
    source_file: $ =>
      seq(
        repeat($._end),
        optional(seq($.item, repeat(seq(repeat1($._end), $.item)), repeat($._end))),
      ),

    _end: $ => choice($._newline, ';'),

    // Of two tokens of the same length the first in this file is taken.
    doc_comment: _ => token(/##([^#\n][^\n]*)?/),
    comment: _ => token(/#[^\n]*/),

    // ---- items ----

    item: $ => choice($.hyper, $.import, $.block, $.model, $.data, $.train, $.expect, $.sweep, $.let),

    hyper: $ => seq('hyper', field('name', $._binder), '=', optional($._gap), field('value', $._value)),

    import: $ =>
      seq(
        'import',
        choice(
          seq(field('path', $.string), optional(seq('as', field('alias', $._binder)))),
          seq(
            field('name', $._binder),
            repeat(seq(choice(',', $._same_line), optional($._gap), field('name', $._binder))),
            'from',
            field('path', $.string),
          ),
        ),
      ),

    block: $ =>
      seq(
        'block',
        field('name', $._binder),
        optional(field('hypers', $.hyper_parameters)),
        field('inputs', $.parameters),
        $._signature_end,
      ),
    model: $ => seq('model', field('name', $._binder), field('inputs', $.parameters), $._signature_end),
    _signature_end: $ =>
      seq(
        optional(seq('->', optional($._gap), field('outputs', choice($.outputs, $.output)))),
        field('body', $.body),
      ),

    hyper_parameters: $ => bracketed($, '(', listed($, $.hyper_parameter), ')'),
    hyper_parameter: $ =>
      choice(
        seq(field('name', $._any_word), ':', optional($._gap), field('default', $._value)),
        field('name', $._binder),
      ),
    parameters: $ => bracketed($, '(', listed($, $.parameter), ')'),
    parameter: $ =>
      choice(
        seq(field('name', $._any_word), ':', optional($._gap), field('type', $.type)),
        field('name', $._binder),
      ),
    outputs: $ => seq('(', optional($._gap), listed($, $.output), ')'),
    output: $ =>
      choice(
        seq(field('name', $._any_word), ':', optional($._gap), field('type', $.type)),
        field('type', $.type),
        field('name', $._binder),
      ),

    data: $ => seq('data', field('name', $._binder), field('body', alias($._data_body, $.body))),
    _data_body: $ => braced($, choice($.let, $.field, $.setting)),

    train: $ =>
      seq(
        'train',
        field('model', $.path),
        optional(field('arguments', $.arguments)),
        optional($._gap),
        'on',
        optional($._gap),
        field('data', $.path),
        field('body', alias($._train_body, $.body)),
      ),
    _train_body: $ => braced($, choice($.let, $.setting, $.phase, $.group)),
    path: $ => seq($._binder, repeat(seq(choice('.', $._tight_dot, $._same_line), $._any_word))),

    expect: $ => seq('expect', field('body', alias($._expect_body, $.body))),
    _expect_body: $ => braced($, $._value),

    sweep: $ => seq('sweep', field('body', alias($._settings_body, $.body))),
    _settings_body: $ => braced($, $.setting),

    // ---- statements ----

    body: $ => braced($, choice($.let, $.weight, $.constant, $._value)),

    let: $ =>
      seq('let', field('pattern', choice($._binder, $.tuple_pattern)), '=', optional($._gap), field('value', $._value)),
    tuple_pattern: $ => seq('(', optional($._gap), listed($, $._binder), ')'),

    weight: $ =>
      seq(
        'weight',
        field('name', $._any_word),
        ':',
        optional($._gap),
        field('type', $.type),
        optional($._gap),
        '=',
        optional($._gap),
        field('start', $._value),
      ),
    constant: $ =>
      seq(
        'constant',
        field('name', $._any_word),
        optional(seq(':', optional($._gap), field('type', $.type))),
        optional($._gap),
        '=',
        optional($._gap),
        field('value', $._value),
      ),
    field: $ => seq('field', field('name', $._binder), '=', optional($._gap), field('value', $._value)),

    setting: $ => seq(field('name', $._any_word), ':', optional($._gap), field('value', $._value)),

    phase: $ => seq('phase', field('name', $._binder), field('body', alias($._phase_body, $.body))),
    _phase_body: $ => braced($, choice($.let, $.setting, $.group)),
    group: $ => seq('group', field('weights', $.list), field('body', alias($._settings_body, $.body))),

    // ---- types ----

    type: $ => choice(seq($._type_kind, optional($.list)), $.list, $.field_type),
    _type_kind: $ => choice($.scalar_type, $.class_type),
    scalar_type: _ => choice(...KINDS),
    class_type: $ => seq('class', '(', optional($._gap), field('count', $._value), ')'),
    field_type: $ =>
      seq($._word_but_kind, repeat1(seq($._tight_dot, $._any_word))),

    // ---- expressions ----

    _value: $ => choice($._schedule, $._first_schedule),

    ...levels('', $ => $._interval),
    ...levels('first_', $ => $._first_interval),

    // Arithmetic would belong to the stage, not to what comes out of it.
    _stage: $ => choice($._prefixed, $.range),

    _interval: $ => choice($.range, $._sum),
    range: $ => rangeFrom($, field('start', $._sum)),

    _first_interval: $ => alias($._first_range, $.range),
    // Its end stands on the same line.
    _first_range: $ => prec.right(seq('..', optional(choice($._no_end, field('end', $._sum))))),

    _sum: $ => choice(alias($._add, $.binary_expression), $._product),
    _add: $ => binary($, $._sum, choice('+', '-'), $._product),
    _product: $ => choice(alias($._multiply, $.binary_expression), $._power),
    _multiply: $ => binary($, $._product, choice('*', '/', '@'), $._power),
    _power: $ => choice(alias($._raise, $.binary_expression), $._prefixed),
    _raise: $ => binary($, $._operand, '^', $._power),

    _prefixed: $ => choice(alias($._negate, $.unary_expression), alias($._not, $.unary_expression), $._operand),
    _negate: $ => seq(field('operator', '-'), optional($._gap), field('operand', $._power)),
    // Binds looser than what it may stand before: `a + not b == c` is `a + (not (b == c))`.
    _not: $ => seq(field('operator', 'not'), optional($._gap), field('operand', $._comparison)),

    _operand: $ => choice($._primary, $.call, $.index, $.member, $.duration),
    call: $ => seq(field('function', $._operand), field('arguments', $.arguments)),
    arguments: $ => bracketed($, '(', listed($, $._argument), ')'),
    index: $ => seq(field('operand', $._operand), field('arguments', alias($._index_arguments, $.arguments))),
    _index_arguments: $ => bracketed($, '[', listed($, $._argument), ']'),
    _argument: $ => choice($.named_argument, $._value),
    named_argument: $ => seq(field('name', $._any_word), ':', optional($._gap), field('value', $._value)),
    member: $ => seq(field('operand', $._operand), choice('.', $._tight_dot), field('name', $._any_word)),
    duration: $ => seq(field('amount', $._operand), field('unit', $.unit)),

    _primary: $ =>
      choice(
        $.number,
        seq($._wrong_number, $._never),
        $.string,
        $.list,
        $.tuple,
        $.record,
        $.if,
        $.residual,
        $.repeat,
        $.scan,
        $.boolean,
        $.none,
        $._name,
        mistaken($, ['let', 'else', 'and', 'or']),
      ),

    list: $ => bracketed($, '[', listed($, $._argument), ']'),
    // With one element and no comma, parentheses.
    tuple: $ => bracketed($, '(', listed($, $._value), ')'),

    record: $ =>
      seq(
        '{',
        optional($._gap),
        optional(seq(
          $.entry,
          repeat(seq(choice(seq(',', optional($._gap)), seq(';', optional($._gap)), $._newline), $.entry)),
          optional(choice(',', ';')),
        )),
        '}',
      ),
    entry: $ => seq(field('name', choice($.list, $._any_word)), ':', optional($._gap), field('value', $._value)),

    if: $ =>
      prec.right(seq(
        'if',
        optional($._gap),
        field('condition', $._value),
        field('then', $.body),
        optional(seq('else', optional($._gap), field('else', choice($.if, $.body)))),
      )),
    residual: $ => seq('residual', optional(field('arguments', $.arguments)), field('body', $.body)),
    repeat: $ => seq('repeat', optional($._gap), field('count', $._value), field('body', $.body)),
    scan: $ =>
      seq(
        'scan',
        optional($._gap),
        field('input', $._value),
        optional($._gap),
        'as',
        optional($._gap),
        field('item', $._binder),
        repeat(seq(',', optional($._gap), field('state', $.scan_state))),
        field('body', $.body),
      ),
    scan_state: $ => seq(field('name', $._binder), '=', optional($._gap), field('start', $._value)),

    // ---- words and literals ----

    identifier: _ => /[\p{L}_][\p{L}\p{M}\p{N}_]*/,
    _name: $ => choice($.identifier, ...CONTEXTUAL.map(word => alias(word, $.identifier))),
    _binder: $ => choice($._name, mistaken($, RESERVED)),
    _any_word: $ => choice($._word_but_kind, ...KINDS.map(word => alias(word, $.identifier))),
    _word_but_kind: $ =>
      choice(
        $.identifier,
        ...[...RESERVED, ...CONTEXTUAL].filter(word => !KINDS.includes(word)).map(word => alias(word, $.identifier)),
      ),

    boolean: _ => choice('true', 'false'),
    none: _ => 'none',

    number: _ => token(seq(NUMBER, optional(/[kM%]/))),
    // The same with what cannot end it; the longer token is taken.
    _wrong_number: _ =>
      token(choice(
        seq(NUMBER, /[\p{L}\p{M}\p{N}_]+/),
        seq(NUMBER, /%[ \t\r\u00A0\uFEFF]*[\p{L}_0-9]/),
        seq(DIGITS, /\.[^.\p{L}_0-9]/),
      )),

    string: $ =>
      seq(
        '"',
        repeat(choice(alias($._text, $.string_content), $.escape_sequence, $._same_line_string)),
        token.immediate('"'),
      ),
    _text: _ => token.immediate(prec(1, /[^"\\\n]+/)),
    escape_sequence: _ =>
      token.immediate(
        /\\([\\"ntr]|u\{0*([0-9a-fA-F]{1,3}|[0-9a-cA-Ce-fE-F][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}|[1-9a-fA-F][0-9a-fA-F]{4}|10[0-9a-fA-F]{4})\})/,
      ),
  },
});
