(block body: (body) @function.inside) @function.around
(model body: (body) @function.inside) @function.around

(data body: (body) @class.inside) @class.around
(train body: (body) @class.inside) @class.around

(parameter) @parameter.inside
(hyper_parameter) @parameter.inside
(named_argument) @parameter.inside

[(comment) (doc_comment)] @comment.inside
