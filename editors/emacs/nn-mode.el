;;; nn-mode.el --- Major mode for the nnrun language -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "29.1"))
;; Keywords: languages
;; URL: https://github.com/nnrun/nnrun
;; SPDX-License-Identifier: MIT OR Apache-2.0

;;; Commentary:

;; Colours, indentation and comments for `.nn' files; everything that needs to
;; understand the program (shapes, errors, completion, renaming) comes from
;; `nnrun lsp' through Eglot.

;;; Code:

(require 'eglot)

(defgroup nn nil
  "The nnrun language."
  :group 'languages)

(defcustom nn-program "nnrun"
  "The nnrun program that serves the editor."
  :type 'string)

(defcustom nn-indent-offset 2
  "Spaces that a body is indented by."
  :type 'natnum
  :safe #'natnump)

(defconst nn--layers
;; generated: layers
  '(
    "Dense" "Conv1d" "Conv2d" "Conv3d" "ConvTranspose1d" "ConvTranspose2d" "MaxPool1d" "MaxPool2d"
    "AvgPool1d" "AvgPool2d" "AdaptiveAvgPool2d" "Upsample" "Dropout" "SpatialDropout" "BatchNorm" "LayerNorm"
    "RMSNorm" "GroupNorm" "InstanceNorm" "GlobalAvgPool" "GlobalMaxPool" "Flatten" "Embedding" "Positions"
    "SinusoidalPositions" "RotaryPositions" "SelfAttention" "CrossAttention" "TransformerEncoder"
    "TransformerDecoder" "PReLU" "SwiGLU" "MixtureOfExperts" "RNN" "LSTM" "GRU"
    )
;; end
  "Layers of the catalog.")

(defconst nn--functions
;; generated: functions
  '(
    "Adadelta" "Adagrad" "Adam" "AdamW" "Lion" "Muon" "NAdam" "RAdam" "RMSprop" "SGD" "abs" "accuracy"
    "arange" "argmax" "auroc" "bce" "bce_with_logits" "blobs" "causal" "ceil" "characters" "clamp" "classes"
    "concat" "confusion" "constant" "cos" "cosine" "cross_entropy" "csv" "ctc" "cumsum" "cutout" "cyclic"
    "dice" "drop_missing" "dropout" "einsum" "elu" "exp" "exponential" "f1" "fill" "first" "flip" "floor"
    "focal" "full" "gather" "gaussian_nll" "gelu" "gradients_match" "hardswish" "hinge" "huber" "identity"
    "idx" "image_folder" "inverse_sqrt" "iou" "kaiming_normal" "kaiming_uniform" "kl_div" "l1" "l2" "last"
    "leaky_relu" "lecun_normal" "linear" "lines" "log" "log_softmax" "mae" "max" "maximum" "mcc" "mean"
    "memory" "min" "minimum" "mish" "mixup" "moons" "mse" "multistep" "nll" "noise" "norm" "normal" "npy"
    "npz" "one_cycle" "one_hot" "ones" "orthogonal" "overfits" "pad" "parameters" "permute" "perplexity"
    "plateau" "poisson" "polynomial" "pow" "pr_auc" "precision" "r2" "random" "random_crop" "random_flip"
    "random_rotate" "rearrange" "recall" "relu" "rescale" "reshape" "rmse" "roll" "rows" "seconds" "selu"
    "sequences" "sigmoid" "sign" "silu" "sin" "sine" "softmax" "softplus" "spirals" "split" "sqrt" "squeeze"
    "stack" "standardize" "std" "step" "stop_gradient" "sum" "tanh" "text" "top_k" "topk" "transpose"
    "triplet" "truncated_normal" "uniform" "unsqueeze" "var" "warmup" "where" "windows" "words"
    "xavier_normal" "xavier_uniform" "zeros"
    )
;; end
  "Everything else of the catalog that can be called.")

(defconst nn--settings
;; generated: settings
  '(
    "loss" "optimizer" "schedule" "epochs" "steps" "batch" "accumulate" "recompute" "ema" "metrics" "clip"
    "shuffle" "drop_last" "seed" "class_weights" "stop" "patience" "keep" "freeze" "validate" "load"
    "augment" "split" "best" "require" "try"
    )
;; end
  "Settings of a `train'.")

(defconst nn--name "[[:alpha:]_][[:alnum:]_]*")

(defconst nn--statement-start "\\(?:^\\|[{;]\\)[ \t]*"
  "What stands before a statement.")

(defun nn--word (words)
  "Any of WORDS, where it is no key; group 1."
  (concat "\\(?:^\\|[^._[:alnum:]]\\|\\.\\.\\)" (regexp-opt words t) "\\_>\\(?:[^:[:alnum:]_]\\|$\\)"))

(defvar nn-font-lock-keywords
  `((,(concat "^[ \t]*\\(block\\|model\\|data\\|train\\|hyper\\)[ \t]+\\(" nn--name "\\)")
     (1 font-lock-keyword-face) (2 font-lock-type-face))
    ("^[ \t]*\\(expect\\|sweep\\)[ \t]*\\(?:{\\|$\\)" 1 font-lock-keyword-face)
    ("^[ \t]*\\(import\\)\\_>" 1 font-lock-keyword-face)
    ("\\_<\\(from\\)[ \t]*\"" 1 font-lock-keyword-face)
    (,(concat "\\_<\\(on\\)[ \t]+\\(" nn--name "\\)[ \t]*{") (1 font-lock-keyword-face) (2 font-lock-type-face))
    (,(concat "\\_<\\(as\\)[ \t]+\\(" nn--name "\\)") (1 font-lock-keyword-face) (2 font-lock-variable-name-face))
    (,(concat nn--statement-start "\\(weight\\|constant\\|field\\|phase\\)[ \t]+\\(" nn--name "\\)[ \t]*[:={]")
     (1 font-lock-keyword-face) (2 font-lock-variable-name-face))
    (,(concat nn--statement-start "\\(group\\)[ \t]*\\[") 1 font-lock-keyword-face)
    (,(concat "\\_<\\(let\\)[ \t]+\\(" nn--name "\\)") (1 font-lock-keyword-face) (2 font-lock-variable-name-face))
    ("|>\\|->" . font-lock-keyword-face)
    (,(concat "\\.[ \t]*\\(" nn--name "\\)") 1 'font-lock-property-use-face)
    (,(concat nn--statement-start (regexp-opt nn--settings t) "[ \t]*:") 1 font-lock-builtin-face)
    (,(concat "\\_<\\(" nn--name "\\)[ \t]*:") 1 'font-lock-property-name-face)
    (,(nn--word '("let" "if" "else" "and" "or" "not" "then" "residual" "repeat" "scan")) 1 font-lock-keyword-face)
    (,(nn--word '("true" "false" "none")) 1 font-lock-constant-face)
    (,(nn--word '("float" "int" "bool" "class")) 1 font-lock-type-face)
    (,(concat (regexp-opt nn--layers 'symbols)) 1 font-lock-builtin-face)
    (,(concat (regexp-opt nn--functions 'symbols) "[ \t]*(") 1 'font-lock-function-call-face)
    (,(concat "|>[ \t]*" (regexp-opt nn--functions 'symbols)) 1 'font-lock-function-call-face)
    (,(concat "\\_<[0-9][0-9_]*\\(?:\\.[0-9_]+\\)?\\(?:[eE][+-]?[0-9]+\\)?[kM%]?"
              "\\(?:[ \t]+\\(?:epoch\\|step\\)s?\\_>\\)?")
     . 'font-lock-number-face))
  "What is coloured in `nn-mode'.")

(defvar nn-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?# "<" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?\" "\"" table)
    (modify-syntax-entry ?_ "_" table)
    (dolist (mark (string-to-list "+-*/@^=<>|.,;:%!"))
      (modify-syntax-entry mark "." table))
    table)
  "Syntax table of `nn-mode'.")

(defun nn--continues-p ()
  "Whether the line at point goes on with the expression of the line before."
  (looking-at "[ \t]*\\(?:|>\\|[-+*/@^]\\|\\.[^.]\\|\\(?:and\\|or\\|then\\)\\_>[ \t]*[^: \t]\\)"))

(defun nn--indentation ()
  "The column where the line at point should begin."
  (save-excursion
    (beginning-of-line)
    (let* ((state (syntax-ppss))
           (open (nth 1 state))
           (closes (looking-at "[ \t]*[])}]"))
           (hangs (and open (nn--continues-p) (nn--hangs-p open))))
      (cond
       ((nth 3 state) (current-indentation))
       ((null open) 0)
       (t
        (goto-char open)
        (let* ((in-braces (eq (char-after) ?{))
               (base (current-indentation))
               (text (save-excursion (forward-char) (skip-chars-forward " \t") (unless (looking-at "[#\n]") (current-column)))))
          (cond
           (closes base)
           ;; Behind a bracket with text on its line, that text is what others stand under.
           ((and text (not in-braces)) text)
           ;; The stages of a pipeline stand under its input if that has a line of its own, else further in.
           ((and in-braces hangs) (+ base (* 2 nn-indent-offset)))
           (t (+ base nn-indent-offset)))))))))

(defun nn--hangs-p (open)
  "Whether what this line goes on with, in the bracket at OPEN, is more than an input: it binds a name or has stages."
  (let ((depth (nth 0 (syntax-ppss))))
    (save-excursion
      (catch 'found
        (while (and (zerop (forward-line -1)) (> (point) open))
          (unless (or (looking-at "[ \t]*\\(?:#\\|$\\)") (nn--continues-p) (> (nth 0 (syntax-ppss)) depth))
            ;; A line that closes brackets belongs to the one that opened them.
            (unless (looking-at "[ \t]*[])}]")
              (throw 'found (looking-at "[ \t]*\\(?:\\(?:let\\|field\\|weight\\|constant\\)\\_>\\|.*|>\\)")))))
        nil))))

(defun nn-indent-line ()
  "Indent the line as `nnrun fmt' would."
  (interactive)
  (let ((column (nn--indentation))
        (at-text (> (current-column) (current-indentation))))
    (if at-text
        (save-excursion (indent-line-to column))
      (indent-line-to column))))

;;;###autoload
(define-derived-mode nn-mode prog-mode "nn"
  "Major mode for `.nn' files."
  (setq-local comment-start "# ")
  (setq-local comment-end "")
  (setq-local comment-start-skip "#+[ \t]*")
  (setq-local indent-tabs-mode nil)
  (setq-local tab-width nn-indent-offset)
  (setq-local indent-line-function #'nn-indent-line)
  (setq-local electric-indent-chars (append "})]" electric-indent-chars))
  (setq-local imenu-generic-expression
              `((nil ,(concat "^\\(?:block\\|model\\|data\\|train\\|hyper\\)[ \t]+\\(" nn--name "\\)") 1)))
  (setq-local font-lock-defaults '(nn-font-lock-keywords)))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.nn\\'" . nn-mode))

(add-to-list 'eglot-server-programs `(nn-mode . (,nn-program "lsp")))

(provide 'nn-mode)
;;; nn-mode.el ends here
